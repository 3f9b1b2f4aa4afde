/// What came of asking a proxy for a way to the target. An object, so that an event carries one pointer whatever the
/// proxy sent.
public final class TunnelFacts: Sendable, Equatable {
    public let proxy: ProxyServer
    /// `host:port` as the proxy was told.
    public let target: String
    /// The answer to CONNECT; nil for SOCKS, and when none came.
    public let head: ResponseHead?
    /// The beginning of a refusal's body, at most 8 KiB: proxies explain themselves there. Untrusted.
    public let body: [UInt8]
    /// The reply code of SOCKS (RFC 1928 §6), 0 for success; nil for CONNECT, and when none came.
    public let reply: UInt8?

    public init(
        proxy: ProxyServer, target: String, head: ResponseHead? = nil, body: [UInt8] = [], reply: UInt8? = nil
    ) {
        self.proxy = proxy
        self.target = target
        self.head = head
        self.body = body
        self.reply = reply
    }

    public static func == (left: TunnelFacts, right: TunnelFacts) -> Bool {
        left === right
            || (left.proxy == right.proxy && left.target == right.target && left.head == right.head
                && left.body == right.body && left.reply == right.reply)
    }
}
