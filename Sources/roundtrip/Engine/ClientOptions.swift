import ArgumentParser
import HTTPClient
import HTTPTrace
import HTTPTypes
import Inspector
import Sessions
import Transport

/// What a request is and how it is sent, in curl's words. Shared by every subcommand that sends.
struct ClientOptions: ParsableArguments {
    @Option(
        name: [.customShort("X"), .customLong("request")], help: "Method to use; POST when there is data, else GET.")
    var method: String?

    @Option(
        name: [.customShort("H"), .customLong("header")], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Field to send; may be repeated.", valueName: "name: value"))
    var headers: [String] = []

    @Option(
        name: [.customShort("d"), .customLong("data")], parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Body to send; @FILE reads it from a file, line ends left out, @- from stdin. Several are joined by &.",
            valueName: "data"))
    var data: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("The same, but what is read stays as it is.", valueName: "data"))
    var dataBinary: [String] = []

    @OptionGroup(title: "TLS options") var tls: TLSOptions

    @Flag(exclusivity: .chooseLast)
    var version: VersionOption = .http2

    @Option(help: ArgumentHelp("Longest time for a whole request.", valueName: "seconds"))
    var maxTime: Double?

    @Option(help: ArgumentHelp("Longest time for lookup and connect together.", valueName: "seconds"))
    var connectTimeout: Double?

    @OptionGroup var dialing: DialingOptions
    @Flag(name: [.customShort("L"), .customLong("location")], help: "Follow redirects, each hop a request of its own.")
    var location = false

    @Option(help: ArgumentHelp("The most redirects in a row.", valueName: "number"))
    var maxRedirs = RedirectPolicy().limit

    @Flag(help: "Let a POST stay one after a 301.") var post301 = false
    @Flag(help: "Let a POST stay one after a 302.") var post302 = false
    @Flag(help: "Let a POST stay one after a 303.") var post303 = false

    @Option(
        name: [.customShort("b"), .customLong("cookie")],
        help: ArgumentHelp("Cookies to send, name=value; or a file of them to begin with.", valueName: "data|file"))
    var cookies: [String] = []

    @Option(help: ArgumentHelp("Keep cookies, and write them to this file at the end.", valueName: "file"))
    var cookieJar: String?

    @Flag(help: "Ask for a body that is small on the wire.") var compressed = false

    @Flag(help: "Leave bodies in the content coding they came in.") var raw = false

    @OptionGroup(title: "Proxies") var proxies: ProxyOptions

    @OptionGroup(title: "Connections") var connections: ConnectionOptions

    func validate() throws {
        for (name, seconds) in [("--max-time", maxTime), ("--connect-timeout", connectTimeout)] {
            guard let seconds else { continue }
            guard seconds > 0, seconds <= 86_400 else {
                throw ValidationError("\(name) takes seconds, more than 0 and at most 86400; \(seconds) is not that.")
            }
        }
        guard (0...1_000).contains(maxRedirs) else { throw ValidationError("--max-redirs takes 0 to 1000.") }
        guard data.isEmpty || dataBinary.isEmpty else {
            throw ValidationError("--data and --data-binary exclude each other; --data-binary takes words, too.")
        }
        _ = try fields()
        if let method, HTTPRequest.Method(method) == nil { throw ValidationError("\(method) is no HTTP method.") }
    }

    /// The requests these options make of a command line's URLs.
    func drafts(for urls: [String]) throws -> [RequestDraft] {
        let body = try body()
        return try roundtrip.drafts(for: urls) { try draft(for: $0, body: body) }
    }

    /// - Parameter body: Nil where none is named, which is not the same as an empty one.
    private func draft(for url: RequestURL, body: [UInt8]?) throws -> RequestDraft {
        let named = method.flatMap { HTTPRequest.Method($0) }
        var fields = try fields()
        if body != nil, fields.lacks(.contentType) {
            fields.fields[.contentType] = "application/x-www-form-urlencoded"
        }
        for cookie in cookies where cookie.contains("=") {
            guard HTTPField.isValidValue(cookie) else {
                throw ValidationError("-b holds characters that no cookie may have.")
            }
            fields.fields.addCookies(cookie)
        }
        var draft = RequestDraft(
            method: named ?? (body == nil ? .get : .post), url: url, fields: fields.settled, body: body ?? [])
        if compressed, fields.lacks(.acceptEncoding) { draft.offerCompression() }
        return draft
    }

    /// The body that `--data` or `--data-binary` names, put together as curl does; nil without any. Read once, however many
    /// requests send it.
    private func body() throws -> [UInt8]? {
        guard !data.isEmpty || !dataBinary.isEmpty else { return nil }
        var body: [UInt8] = []
        for (index, text) in (data + dataBinary).enumerated() {
            if index > 0 { body.append(UInt8(ascii: "&")) }
            guard text.hasPrefix("@") else {
                body += text.utf8
                continue
            }
            let bytes = try readFile(String(text.dropFirst()), limit: 1 << 30)
            // A form kept in a file has line ends that are no part of it, the last one at least.
            body += dataBinary.isEmpty ? bytes.filter { $0 != 10 && $0 != 13 && $0 != 0 } : bytes
        }
        return body
    }

    /// Reads the files these options name. Ends the program with a sentence when one can't be used.
    func settings() throws -> ClientSettings {
        var settings = try ClientSettings(
            tls: try tls.settings(), proxies: try proxies.rules(for: .ofProxies), proxyTLS: proxies.trust)
        try dialing.apply(to: &settings.configuration)
        connections.apply(to: &settings.configuration)
        settings.configuration.versions = version.versions
        if let connectTimeout { settings.configuration.connectTimeout = .seconds(connectTimeout) }
        if let maxTime { settings.configuration.requestTimeout = .seconds(maxTime) }
        settings.redirects = redirects
        settings.cookies = CookieFiles(sources: cookies.filter { !$0.contains("=") }, target: cookieJar)
        try settings.cookies.checkTarget()
        settings.offersCompression = compressed
        settings.isRaw = raw
        settings.words = dialing.words
        return settings
    }

    private var redirects: RedirectPolicy {
        var policy = RedirectPolicy(limit: maxRedirs)
        for (isKept, status) in [(post301, 301), (post302, 302), (post303, 303)] where isKept {
            policy.keepsPost.insert(status)
        }
        return policy
    }

    private func fields() throws -> TypedFields { try headerFields(headers, option: "-H") }
}
