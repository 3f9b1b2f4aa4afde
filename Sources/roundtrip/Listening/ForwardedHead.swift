import HTTPServer
import HTTPTrace
import HTTPTypes

// What goes on to the server behind, of a request that came in, and what comes back. Values only: the rules can be read
// and tested here.
//
// Everything is written anew from what was understood, so what two parsers could read differently mostly can't get
// through. What is left of such differences is refused.

/// The head of a request on its way to the server behind.
struct ForwardedHead: Equatable {
    var method: HTTPRequest.Method
    var url: RequestURL
    var fields: HTTPFields
    /// The protocol the client wants to change to; nil for an ordinary request.
    var upgrade: String?

    /// Why a request does not go on. Answered with `status` and `words`.
    struct Refusal: Error, Equatable {
        var status: HTTPResponse.Status
        var words: String
    }

    /// - Parameters:
    ///   - version: `HTTP/1.1` or another, which the client speaks with us.
    ///   - client: Who asks.
    ///   - scheme: What that client speaks with us.
    ///   - target: The server behind; its path goes before the request's.
    init(
        method: HTTPRequest.Method, path: String, version: String, fields received: HTTPFields, authority: String?,
        from client: NetworkAddress, over scheme: Scheme, to target: RequestURL
    ) throws(Refusal) {
        guard method != .connect else {
            throw Refusal(status: .methodNotAllowed, words: "CONNECT is for proxies that go anywhere; this one goes on")
        }
        try Self.refuseDifferences(received)
        self.method = method
        url = target
        // About the server as such (RFC 9112 §3.2.4), wherever it stands: no path of ours goes before it.
        url.target = method == .options && path == "*" ? path : Self.joined(target.target, path)
        upgrade = Self.options(received).contains("upgrade") ? received[.upgrade] : nil
        fields = Self.endToEnd(received)
        fields[.expect] = nil  // The body is asked for by reading it.
        fields[.contentLength] = nil
        fields[Self.host] = nil
        if let upgrade {
            fields[.connection] = "upgrade"
            fields[.upgrade] = upgrade
        }
        addWay(from: client, over: scheme, version, authority: authority)
    }

    /// Names that only some servers take for the field they resemble. Framing told twice, or Host, never comes so far: the
    /// server refuses it.
    private static func refuseDifferences(_ fields: HTTPFields) throws(Refusal) {
        for field in fields where field.name.rawName.contains("_") {
            let name = field.name.canonicalName.map { $0 == "_" ? "-" : $0 }
            guard !["content-length", "transfer-encoding", "host", "connection"].contains(String(name)) else {
                throw Refusal(status: .badRequest, words: "\(field.name.rawName) could be taken for another field")
            }
        }
    }

    /// `/base` and `/x` make `/base/x`.
    private static func joined(_ base: String, _ path: String) -> String {
        let base = base.prefix { $0 != "?" }
        let trimmed = base.hasSuffix("/") ? base.dropLast() : base
        return trimmed + (path.hasPrefix("/") ? path : "/" + path)
    }

    /// Says where it came from: Forwarded (RFC 7239), the habits before it, and Via (RFC 9110 §7.6.3).
    private mutating func addWay(
        from client: NetworkAddress, over scheme: Scheme, _ version: String, authority: String?
    ) {
        let node = client.family == .ip6 ? "\"[\(client.ip)]\"" : client.ip
        var element = "for=\(node);proto=\(scheme.rawValue)"
        // Quoted, since a port needs it. A name with a quote in it would end the quotes: it is left out.
        if let authority, authority.utf8.allSatisfy({ $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            element += ";host=\"\(authority)\""
        }
        append(element, to: "Forwarded")
        append(client.ip, to: "X-Forwarded-For")
        fields[HTTPField.Name("X-Forwarded-Proto")!] = scheme.rawValue
        if let authority { fields[HTTPField.Name("X-Forwarded-Host")!] = authority }
        append("\(version.drop { !$0.isNumber }) roundtrip", to: "Via")
    }

    /// Behind what earlier proxies said, in one field.
    private mutating func append(_ element: String, to name: String) {
        let name = HTTPField.Name(name)!
        let before = fields[values: name].joined(separator: ", ")
        fields[name] = before.isEmpty ? element : "\(before), \(element)"
    }
}

extension ForwardedHead {
    private static let host = HTTPField.Name("Host")!

    /// Fields that are only about one connection (RFC 9110 §7.6.1), beside those that Connection names.
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te",
        "transfer-encoding", "upgrade",
    ]

    private static func options(_ fields: HTTPFields) -> Set<String> {
        Set(
            fields[values: .connection].flatMap { $0.split(separator: ",") }
                .map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() })
    }

    /// What is meant for whoever is at the end.
    static func endToEnd(_ fields: HTTPFields) -> HTTPFields {
        let named = options(fields)
        return HTTPFields(
            fields.filter { !hopByHop.contains($0.name.canonicalName) && !named.contains($0.name.canonicalName) })
    }

    /// The head that goes back, of one that came from the server behind.
    ///
    /// - Parameters:
    ///   - target: The server behind: a redirect to itself becomes one to us.
    ///   - origin: How the client reached us.
    static func answer(_ head: ResponseHead, from target: RequestURL, to origin: String) -> HTTPResponse {
        var fields = endToEnd(head.fields)
        fields[.contentLength] = nil
        let own = target.origin.description
        if let location = fields[.location], location == own || location.hasPrefix(own + "/") {
            fields[.location] = origin + location.dropFirst(own.count)
        }
        return HTTPResponse(
            status: .init(code: head.status, reasonPhrase: head.reason.filter { $0.isASCII }), headerFields: fields)
    }

    /// The 101 that goes back: with what changes the protocol, which is otherwise a matter of each connection.
    static func upgradeAnswer(_ head: ResponseHead) -> HTTPResponse {
        var fields = endToEnd(head.fields)
        fields[.connection] = "upgrade"
        fields[.upgrade] = head.fields[.upgrade]
        return HTTPResponse(status: .switchingProtocols, headerFields: fields)
    }

    /// The trailers that go back: without those that frame or route a message (RFC 9110 §6.5.1), which our server does not
    /// send.
    static func trailers(_ fields: HTTPFields) -> HTTPFields {
        var fields = endToEnd(fields)
        fields[.contentLength] = nil
        fields[host] = nil
        return fields
    }

    /// How the body's end is told on our side.
    static func body(of head: ResponseHead) -> ResponseBody {
        // Beside Transfer-Encoding a length says nothing: the chunks may hold less or more (RFC 9112 §6.3).
        guard !head.fields.contains(.transferEncoding) else { return .chunked }
        let lengths = head.fields[values: .contentLength]
        if lengths.count == 1, let length = Int(lengths[0]) { return .length(length) }
        return .chunked
    }
}
