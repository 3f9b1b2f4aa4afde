/// Why an exchange, an attempt or a handshake failed, in a form that outlives the error it was made from.
///
/// Lower layers throw errors of their own; the client translates them once, at its edge, into this.
public struct Failure: Error, Hashable, Sendable, Codable {
    /// What class of thing went wrong: the `outcome` of headless output, and what decides an exit code.
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case dns, connect, proxy, tls, `protocol`, truncated, reset, timeout, redirect, decode
        case tooLarge = "too-large"
        case cancelled
    }

    /// What scripts tell apart within a kind, where curl has an exit code of its own for it.
    public enum Detail: String, Hashable, Sendable, Codable {
        /// The server closed the connection and said nothing.
        case emptyReply = "empty-reply"
        /// The server's public key is none of those that were pinned.
        case pinnedKey = "pinned-key"
        /// It was the proxy's name that was not found.
        case proxyName = "proxy-name"
        /// HTTP/2: one stream was ended, and not the connection.
        case http2Stream = "http2-stream"
        /// The request itself is not to be sent; nothing was.
        case request
    }

    public var kind: Kind
    /// The phase that was running; nil when none had begun.
    public var phase: Phase?
    /// Set where the peer's certificate was the reason, which scripts tell apart from other handshake failures.
    public var isCertificate: Bool
    /// Nil where there is nothing to tell apart.
    public var detail: Detail?
    /// A sentence for people: *"[2001:db8::1]:443 refused, 192.0.2.1:443 timed out after 3 s"*. May quote what a
    /// peer sent, so it is untrusted text on its way to a terminal.
    public var message: String

    public init(
        _ kind: Kind, phase: Phase? = nil, _ message: String, isCertificate: Bool = false, detail: Detail? = nil
    ) {
        self.kind = kind
        self.phase = phase
        self.message = message
        self.isCertificate = isCertificate
        self.detail = detail
    }

    /// As headless output names it: `error:dns`.
    public var outcome: String { "error:\(kind.rawValue)" }
}

extension Failure: CustomStringConvertible {
    public var description: String { message }
}
