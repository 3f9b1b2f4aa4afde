internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

/// A head to be written, where it goes, and what is told of it.
// An object: it is handed on three times a request.
final class MadeHead: Sendable {
    /// Of the connections that may carry it.
    let key: ConnectionKey
    let bytes: [UInt8]
    /// The same bytes, save that who we are to a proxy is left out: events go to files and screens.
    let told: SentHead
    /// Of the first hop, as Go's hook is told.
    let hostPort: String

    init(_ key: ConnectionKey, _ bytes: [UInt8], told: SentHead? = nil) {
        self.key = key
        self.bytes = bytes
        self.told = told ?? SentHead(bytes: bytes)
        hostPort = key.firstHop.hostPort
    }
}

/// The same for HTTP/2, whose bytes depend on the connection.
@NetworkActor
final class MadeHTTP2Head {
    let head: HTTP2RequestHead
    /// Made when somebody listens.
    private(set) lazy var told = SentHead(bytes: head.lines)

    init(_ head: HTTP2RequestHead) { self.head = head }
}

/// Makes the heads of requests, HTTP/1's bytes of them, and what is told of them.
///
/// A request that is written like the one before gets the same head again: repeated, as a load or a replay repeats it, its
/// making was a seventh of a request's time.
@NetworkActor
final class RequestHeads {
    /// Made and checked once.
    private let userAgent: HTTPField?
    private let proxies: ProxyRules
    private let usesProxies: Bool
    private let keepsAlive: Bool
    @exclusivity(unchecked) private var last = Latest<MadeHead>()
    @exclusivity(unchecked) private var lastHTTP2 = Latest<MadeHTTP2Head>()
    @exclusivity(unchecked) private var lastRequested = Latest<RequestedHead>()

    /// The request that was asked for last, and what was made of it.
    private struct Latest<Head: AnyObject> {
        /// Kept, so that no other gets its identity.
        private var request: ClientRequest?
        private var identity: ObjectIdentifier?
        private var head: Head?

        /// Nil where this one is written in another way.
        mutating func head(of asked: ClientRequest) -> Head? {
            // Most often it is the very same, and then nothing else is looked at.
            if identity == asked.identity { return head }
            guard let request, request.isWrittenLike(asked), let head else { return nil }
            remember(asked, head)
            return head
        }

        mutating func remember(_ request: ClientRequest, _ head: Head) {
            (self.request, identity, self.head) = (request, request.identity, head)
        }
    }

    init(_ configuration: ClientConfiguration) {
        userAgent = configuration.userAgent.map { HTTPField(name: .userAgent, value: $0) }
        proxies = configuration.proxies
        usesProxies = proxies.http != nil || proxies.https != nil
        keepsAlive = configuration.pool.keepsAlive
    }

    /// What traces are told of a request before anything is added to it.
    func requested(_ request: ClientRequest) -> RequestedHead {
        if let head = lastRequested.head(of: request) { return head }
        let head = RequestedHead(
            method: request.method, url: request.url, fields: request.fields, bodyBytes: request.announcedBytes)
        if !request.hasBody { lastRequested.remember(request, head) }
        return head
    }

    /// - Throws: Why the request can't be sent.
    func head(of request: ClientRequest) throws(Failure) -> MadeHead {
        if let head = last.head(of: request) { return head }
        let head = try make(request)
        if !request.hasBody { last.remember(request, head) }
        return head
    }

    /// The same for HTTP/2.
    func http2Head(of request: ClientRequest) throws(Failure) -> MadeHTTP2Head {
        if let head = lastHTTP2.head(of: request) { return head }
        let url = request.url
        do {
            let head = MadeHTTP2Head(
                try HTTP2RequestHead(
                    method: request.method, scheme: url.origin.scheme.rawValue, authority: url.origin.authority,
                    path: url.target, fields: sentFields(of: request), defaultUserAgent: defaultUserAgent(of: request),
                    body: framing(of: request)))
            if !request.hasBody { lastHTTP2.remember(request, head) }
            return head
        } catch { throw Failure(error, in: nil) }
    }

    private func make(_ request: ClientRequest) throws(Failure) -> MadeHead {
        var request = request
        let origin = request.url.origin
        // Most clients know of no proxy; their rules, a dozen references, need not be copied to say so.
        let key = usesProxies ? try proxies.key(for: origin) : ConnectionKey(origin: origin)
        // Go: not where an upgrade is offered, whose Connection field says so.
        if !keepsAlive, !request.offersUpgrade, !request.asksToClose {
            request.fields.append(HTTPField(name: .connection, value: "close"))
        }
        guard case .forwarded = key.way else {
            return MadeHead(key, try bytes(of: request, .origin))
        }
        let own = request.fields
        for field in proxies.fields(for: request.url.origin) where own[field.name] == nil {
            request.fields.append(field)
        }
        let bytes = try bytes(of: request, .absolute)
        guard request.fields[.proxyAuthorization] != nil else {
            return MadeHead(key, bytes)
        }
        request.fields[.proxyAuthorization] = "(left out)"
        return MadeHead(key, bytes, told: SentHead(bytes: try self.bytes(of: request, .absolute)))
    }

    private func bytes(of request: ClientRequest, _ form: HTTP1RequestHead.TargetForm) throws(Failure) -> [UInt8] {
        let url = request.url
        let head = HTTP1RequestHead(
            method: request.method, scheme: url.origin.scheme.rawValue, authority: url.origin.authority,
            path: url.target, fields: sentFields(of: request), defaultUserAgent: defaultUserAgent(of: request),
            body: framing(of: request), form: form)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)  // Nearly any head: growing on the way would copy it three times.
        do { try head.append(to: &bytes) } catch { throw Failure(error, in: nil) }
        return bytes
    }

    /// Its own fields, and what the URL says of who asks.
    private func sentFields(of request: ClientRequest) -> HTTPFields {
        var fields = request.fields
        if declinesUserAgent(request) { fields[.userAgent] = nil }
        guard let userInfo = request.url.userInfo, fields[.authorization] == nil else { return fields }
        fields[.authorization] = Proxy.Credentials(userInfo).basic
        return fields
    }

    private func defaultUserAgent(of request: ClientRequest) -> HTTPField? {
        declinesUserAgent(request) ? nil : userAgent
    }

    /// Whether an empty User-Agent stands for none, as in Go and behind curl's `-A`. Where there is no default to decline it
    /// came from elsewhere, and goes on as it came.
    private func declinesUserAgent(_ request: ClientRequest) -> Bool {
        userAgent != nil && !request.fields.isEmpty && request.fields[.userAgent]?.isEmpty == true
    }

    private func framing(of request: ClientRequest) -> BodyFraming {
        if let stream = request.bodyStream { return stream.length.map { .length(Int64($0)) } ?? .chunked }
        return request.body.isEmpty ? .none : .length(Int64(request.body.count))
    }
}

extension ClientRequest {
    /// Whether its head has the same bytes. Stricter than equality, to which the case of names, the order of fields and the
    /// Unicode form of values are nothing. Only for requests without a body and without user information, so as not
    /// to compare those.
    fileprivate func isWrittenLike(_ other: ClientRequest) -> Bool {
        method == other.method && url == other.url && url.userInfo == nil && !hasBody && !other.hasBody
            && fields.count == other.fields.count
            && zip(fields, other.fields).allSatisfy { one, two in
                one.name.rawName == two.name.rawName
                    && one.withUnsafeBytesOfValue { value in
                        two.withUnsafeBytesOfValue { value.elementsEqual($0) }
                    }
            }
    }
}
