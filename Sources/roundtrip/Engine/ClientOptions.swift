import ArgumentParser
import HTTPClient
import HTTPTrace
import HTTPTypes
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
        name: [.customShort("d"), .customLong("data")], parsing: .unconditional,
        help: ArgumentHelp("Body to send; @FILE reads it from a file, @- from stdin.", valueName: "data"))
    var data: String?

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
    var cookie: String?

    @Option(help: ArgumentHelp("Keep cookies, and write them to this file at the end.", valueName: "file"))
    var cookieJar: String?

    @Flag(help: "Ask for a body that is small on the wire.") var compressed = false

    @Flag(help: "Leave bodies in the content coding they came in.") var raw = false

    @OptionGroup(title: "Proxies") var proxies: ProxyOptions

    @OptionGroup(title: "Connections") var connections: ConnectionOptions

    /// As they are where none is given. The parser comes to the same by way of a search through every type of the program,
    /// for each type of option: half of what the start costs.
    static var none: Self {
        var options = Self()
        (options.method, options.headers, options.data) = (nil, [], nil)
        (options.version, options.maxTime, options.connectTimeout) = (.http2, nil, nil)
        (options.location, options.maxRedirs) = (false, RedirectPolicy().limit)
        (options.post301, options.post302, options.post303) = (false, false, false)
        (options.cookie, options.cookieJar) = (nil, nil)
        (options.compressed, options.raw) = (false, false)
        (options.tls, options.dialing, options.proxies, options.connections) = (.none, .none, .none, .none)
        return options
    }

    func validate() throws {
        for (name, seconds) in [("--max-time", maxTime), ("--connect-timeout", connectTimeout)] {
            guard let seconds else { continue }
            guard seconds > 0, seconds <= 86_400 else {
                throw ValidationError("\(name) takes seconds, more than 0 and at most 86400; \(seconds) is not that.")
            }
        }
        guard (0...1_000).contains(maxRedirs) else { throw ValidationError("--max-redirs takes 0 to 1000.") }
        _ = try fields()
        if let method, HTTPRequest.Method(method) == nil { throw ValidationError("\(method) is no HTTP method.") }
    }

    /// The request these options make of `url`.
    func draft(for url: RequestURL, body: [UInt8]) throws -> RequestDraft {
        let named = method.flatMap { HTTPRequest.Method($0) }
        var fields = try fields()
        if data != nil, fields[.contentType] == nil { fields[.contentType] = "application/x-www-form-urlencoded" }
        if let cookie, cookie.contains("=") {
            guard HTTPField.isValidValue(cookie) else {
                throw ValidationError("-b holds characters that no cookie may have.")
            }
            fields[.cookie] = fields[.cookie].map { "\($0); \(cookie)" } ?? cookie
        }
        var draft = RequestDraft(
            method: named ?? (data == nil ? .get : .post), url: url, fields: fields, body: body)
        if compressed { draft.offerCompression() }
        return draft
    }

    /// How redirects are followed; nil when they are not.
    var redirects: RedirectPolicy? { location ? redirectPolicy : nil }

    /// How they are followed when they are.
    var redirectPolicy: RedirectPolicy {
        var policy = RedirectPolicy(limit: maxRedirs)
        for (isKept, status) in [(post301, 301), (post302, 302), (post303, 303)] where isKept {
            policy.keepsPost.insert(status)
        }
        return policy
    }

    /// The body `--data` names; read once, however many requests send it.
    func body() throws -> [UInt8] {
        guard let data else { return [] }
        guard data.hasPrefix("@") else { return Array(data.utf8) }
        return try readFile(String(data.dropFirst()), limit: 1 << 30)
    }

    func configuration(trusting extraRoots: [UInt8]?) throws -> ClientConfiguration {
        var configuration = try ClientConfiguration(tls: try tls.context(trusting: extraRoots))
        try dialing.apply(to: &configuration)
        try proxies.apply(to: &configuration)
        connections.apply(to: &configuration)
        configuration.versions = version.versions
        if let connectTimeout { configuration.connectTimeout = .seconds(connectTimeout) }
        if let maxTime { configuration.requestTimeout = .seconds(maxTime) }
        return configuration
    }

    private func fields() throws -> HTTPFields { try headerFields(headers, option: "-H") }
}

extension ClientConfiguration {
    /// Begins what handshakes wait for, if there will be any: the rest of the start goes on meanwhile.
    func prepareTLS(for drafts: [RequestDraft]) {
        if drafts.contains(where: { $0.url.origin.scheme == .https }) { tls.prepare() }
    }
}
