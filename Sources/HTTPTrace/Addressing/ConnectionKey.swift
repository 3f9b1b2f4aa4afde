/// What decides whether two requests may share connections: where these end, and the way there.
public struct ConnectionKey: Hashable, Sendable {
    /// Where the connection ends: the target; the proxy itself where that is asked for whole URLs.
    public var origin: Origin
    public var way: Way

    /// How the origin is reached.
    public enum Way: Hashable, Sendable {
        case direct
        /// Requests name the whole URL and the proxy makes them: one connection serves every http target.
        case forwarded(by: ProxyServer)
        /// The proxy opens a way to the target and passes bytes on.
        case tunnelled(through: ProxyServer)
    }

    public init(origin: Origin, way: Way = .direct) {
        self.origin = origin
        self.way = way
    }

    /// Requests that `proxy` is to make.
    public init(forwardedBy proxy: ProxyServer) {
        self.init(origin: proxy.origin, way: .forwarded(by: proxy))
    }

    public var proxy: ProxyServer? {
        switch way {
        case .direct: nil
        case .forwarded(let proxy), .tunnelled(let proxy): proxy
        }
    }

    /// What is dialed: the origin, or its proxy.
    public var firstHop: Origin { proxy?.origin ?? origin }
}

extension ConnectionKey: CustomStringConvertible {
    /// `https://example.com`, `https://example.com through http://proxy:3128`, `http targets by http://proxy:3128`.
    public var description: String {
        switch way {
        case .direct: origin.description
        case .forwarded(let proxy): "http targets by \(proxy)"
        case .tunnelled(let proxy): "\(origin) through \(proxy)"
        }
    }
}
