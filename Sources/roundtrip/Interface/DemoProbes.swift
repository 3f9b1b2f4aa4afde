import HTTPTrace
import HTTPTypes
import Sessions

// What `--demo` sends: the first ten seconds show one of everything, so that the screen explains itself; then a gentle
// stream goes on. The order is fixed: a demo that fails to show its point one time in five is no demo.

/// A request of the demo, and how long after the one before it is sent.
struct DemoProbe: Sendable {
    /// Milliseconds; 0 sends it together with the one before.
    var pause: Int
    var method: HTTPRequest.Method = .get
    var isSecure = false
    var target: String
    var body = ""
    /// A port nobody listens on.
    var isRefused = false

    /// One of everything.
    static let opening: [DemoProbe] = [
        DemoProbe(pause: 150, isSecure: true, target: "/json"),
        DemoProbe(pause: 500, isSecure: true, target: "/delay/120"),
        DemoProbe(pause: 350, target: "/bytes/48000"),
        DemoProbe(pause: 0, isSecure: true, target: "/server-timing"),
        DemoProbe(pause: 0, isSecure: true, target: "/delay/300"),
        DemoProbe(
            pause: 450, method: .post, isSecure: true, target: "/upload", body: String(repeating: "x", count: 96)),
        DemoProbe(pause: 350, target: "/drip?bytes=6000&chunks=6&gap=250"),
        DemoProbe(pause: 300, target: "/redirect/1"),
        DemoProbe(pause: 250, target: "/", isRefused: true),
        DemoProbe(pause: 350, isSecure: true, target: "/status/503"),
        DemoProbe(pause: 300, target: "/delay/400"),
        DemoProbe(pause: 0, target: "/delay/250"),
        DemoProbe(pause: 0, target: "/delay/150"),
        DemoProbe(pause: 0, target: "/delay/350"),
        DemoProbe(pause: 0, target: "/delay/200"),
        DemoProbe(pause: 700, isSecure: true, target: "/early-hints"),
        DemoProbe(pause: 300, target: "/truncated"),
        DemoProbe(pause: 350, isSecure: true, target: "/bytes/3000000"),
        DemoProbe(pause: 300, target: "/reset"),
        DemoProbe(pause: 350, target: "/close"),
        DemoProbe(pause: 400, isSecure: true, target: "/json"),
    ]

    /// What goes on after it, over and over.
    static let stream: [DemoProbe] = [
        DemoProbe(pause: 900, isSecure: true, target: "/delay/180"),
        DemoProbe(pause: 700, target: "/json"),
        DemoProbe(pause: 800, isSecure: true, target: "/drip?bytes=4000&chunks=5&gap=180"),
        DemoProbe(pause: 0, isSecure: true, target: "/server-timing"),
        DemoProbe(pause: 1_100, target: "/delay/600"),
        DemoProbe(pause: 0, target: "/bytes/900000"),
        DemoProbe(pause: 900, method: .post, target: "/upload", body: "{\"name\":\"demo\"}"),
        DemoProbe(pause: 1_000, isSecure: true, target: "/status/404"),
        DemoProbe(pause: 900, target: "/chunked/8"),
        DemoProbe(pause: 1_200, isSecure: true, target: "/delay/90"),
        DemoProbe(pause: 0, isSecure: true, target: "/delay/140"),
        DemoProbe(pause: 0, isSecure: true, target: "/json"),
    ]

    /// The request, against a playground at these origins.
    func draft(plain: Origin, secure: Origin) -> RequestDraft {
        let origin = isRefused ? Origin(scheme: .http, host: plain.host, port: 1) : isSecure ? secure : plain
        var fields = HTTPFields()
        if body.hasPrefix("{") { fields[.contentType] = "application/json" }
        return RequestDraft(
            method: method, url: RequestURL(origin: origin, target: target), fields: fields, body: Array(body.utf8))
    }
}
