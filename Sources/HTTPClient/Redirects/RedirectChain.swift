public import HTTPTrace
internal import HTTPTypes

// What a response says about where to go next, decided without I/O:
//
//   request ──▶ response ──▶ step ──┬─▶ stay            the answer: no redirect, or one without a Location
//      ▲                            ├─▶ refuse          the limit, or a Location that leads nowhere
//      └──────── follow ◀───────────┘
//
// Stricter than Go and curl in what goes along: to another scheme, host or port nothing goes that was meant for one
// origin (Go lets it go to subdomains and other ports), and what was left out once does not come back on the way back.

/// How redirects are followed.
public struct RedirectPolicy: Sendable, Equatable {
    /// The most hops. 20 is the number of the Fetch standard, so of every browser: what needs more fails for people too.
    /// (curl has 50, Go 10.)
    public var limit = 20
    /// Of 301, 302 and 303, those after which a POST stays one, against the habit (curl's `--post301` and so on).
    public var keepsPost: Set<Int> = []

    public init(limit: Int = 20) { self.limit = limit }
}

/// A request and those its redirects led to.
public struct RedirectChain: Sendable {
    /// What follows from a response.
    public enum Step: Sendable, Equatable {
        /// It is the answer.
        case stay
        case follow(ClientRequest, Redirection)
        /// It leads on, but not for us.
        case refuse(Failure)
    }

    private let policy: RedirectPolicy
    private let start: Timestamp
    /// Where each request went, the first one first.
    private var urls: [RequestURL] = []

    /// - Parameter start: When the first request was asked for.
    public init(_ policy: RedirectPolicy, at start: Timestamp) {
        self.policy = policy
        self.start = start
    }

    /// Decides what comes after `head`, the response to `request`, which was sent as `id`.
    public mutating func step(after head: ResponseHead, to request: ClientRequest, sentAs id: ExchangeID) -> Step {
        guard RedirectChain.statuses.contains(head.status) else { return .stay }
        // An empty one is none, as in Go, curl and browsers: it would lead back to itself.
        let locations = head.fields[values: .location].filter { !$0.isEmpty }
        // Such responses exist, and are read by people then (golang/go#17773).
        guard let location = locations.first else { return .stay }
        urls.append(request.url)
        guard locations.allSatisfy({ $0 == location }) else {
            return .refuse(failure("\(head.status) with \(locations.count) different Locations leads nowhere"))
        }
        let url: RequestURL
        do throws(LocationProblem) {
            url = try request.url.resolving(location: location)
        } catch {
            return .refuse(failure("\(head.status) to \(error)"))
        }
        guard urls.count <= policy.limit else { return .refuse(failure(tooMany(next: url))) }

        var next = request
        next.url = url
        if dropsBody(head.status, request.method) { next.becomeGet() }
        guard next.bodyStream == nil else {
            return .refuse(failure("\(head.status) asks for the body once more, which can be read only once"))
        }
        let withheld = next.url.origin == request.url.origin ? [] : next.withholdSecrets()
        if request.url.origin.scheme == .https, url.origin.scheme == .http { next.fields[.referer] = nil }
        return .follow(
            next,
            Redirection(
                from: id, status: head.status, hop: urls.count, chainStart: start, firstOrigin: urls[0].origin,
                withheld: withheld))
    }

    // RFC 9110 §15.4: 300 offers a choice, 304 to 306 lead nowhere.
    private static let statuses: Set<Int> = [301, 302, 303, 307, 308]

    /// RFC 9110 §15.4.2 to 4: a POST becomes a GET after 301 and 302, since all do so; after 303 everything does but HEAD.
    private func dropsBody(_ status: Int, _ method: HTTPRequest.Method) -> Bool {
        if method == .post, policy.keepsPost.contains(status) { return false }
        return switch status {
        case 301, 302: method == .post
        case 303: method != .get && method != .head
        default: false
        }
    }

    /// A loop is named: that it never ends is what one wants to know.
    private func tooMany(next url: RequestURL) -> String {
        let words = "\(urls.count) redirects, and the limit is \(policy.limit)"
        guard let last = urls.lastIndex(of: url) else { return words }
        let length = urls.count - last
        // Without its parameters and query, which may hold what nobody else is to read.
        let path = url.path.prefixBytes(upTo: ";")
        return "\(words): \(url.origin)\(path) leads back to itself \(length == 1 ? "at once" : "over \(length) hops")"
    }

    private func failure(_ words: String) -> Failure { Failure(.redirect, phase: .receive, words) }
}

extension ClientRequest {
    /// A GET without body, and without what spoke of the body.
    fileprivate mutating func becomeGet() {
        method = .get
        body = []
        bodyStream = nil
        fields.removeAll { name in
            name.hasPrefix("content-") || ["transfer-encoding", "expect", "digest", "trailer"].contains(name)
        }
    }

    /// Leaves out what was meant for the origin it was written for.
    ///
    /// - Returns: The names, as they were written.
    fileprivate mutating func withholdSecrets() -> [String] {
        var names = fields.removeAll(where: ClientRequest.isMeantForOneOrigin)
        if fields.contains(HTTPField.Name("host")!) {
            // A name chosen for the first server means nothing to another.
            fields[HTTPField.Name("host")!] = nil
            names.append("Host")
        }
        return names
    }

    /// By its name, in lower case: credentials, cookies, and what people name after them.
    private static func isMeantForOneOrigin(_ name: String) -> Bool {
        switch name {
        case "authorization", "proxy-authorization", "cookie", "cookie2", "www-authenticate", "proxy-authenticate":
            return true
        default:
            let words = name.split { $0 == "-" || $0 == "_" }
            let tells: Set<Substring> = [
                "auth", "token", "secret", "password", "apikey", "session", "signature", "csrf",
            ]
            return words.contains(where: tells.contains)
                || (words.last == "key"
                    && words.contains { ["api", "access", "private", "subscription"].contains($0) })
        }
    }
}

extension HTTPFields {
    /// - Returns: The names of those removed, each once.
    @discardableResult
    fileprivate mutating func removeAll(where isUnwanted: (_ lowerCaseName: String) -> Bool) -> [String] {
        var kept = HTTPFields()
        var names: [String] = []
        for field in self {
            if isUnwanted(field.name.canonicalName) {
                if !names.contains(field.name.rawName) { names.append(field.name.rawName) }
            } else {
                kept.append(field)
            }
        }
        if !names.isEmpty { self = kept }
        return names
    }
}
