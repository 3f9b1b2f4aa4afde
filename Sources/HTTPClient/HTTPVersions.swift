/// Which versions of HTTP a client speaks.
public enum HTTPVersions: Sendable, Equatable {
    /// HTTP/1.1 and nothing else: curl's `--http1.1`.
    case http1Only
    /// HTTP/2 where a TLS server takes it, HTTP/1.1 elsewhere: what browsers do.
    case http2Preferred
    /// HTTP/2 without asking: over TLS nothing else is offered, and plain TCP speaks it from the first byte. curl's
    /// `--http2-prior-knowledge`.
    case http2Only

    /// What ALPN offers, the favourite first.
    var applicationProtocols: [String] {
        switch self {
        case .http1Only: ["http/1.1"]
        case .http2Preferred: ["h2", "http/1.1"]
        case .http2Only: ["h2"]
        }
    }
}
