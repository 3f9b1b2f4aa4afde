/// The stages of a round trip, in the order in which they begin. A new one is added here first: the compiler then lists
/// every place that draws, sums or exports phases.
public enum Phase: String, Hashable, Sendable, CaseIterable, Comparable, Codable {
    /// Waiting for the pool: for a slot, or for somebody else's connection.
    case queued
    /// Looking up the name.
    case dns
    /// Opening TCP: from the first attempt to the one that won.
    case connect
    /// Having a proxy make the way to the target: its own TLS handshake where it is spoken to in TLS, then CONNECT or
    /// SOCKS.
    case tunnel
    /// The TLS handshake with the origin; where the proxy makes the requests, with the proxy.
    case tls
    /// From owning a connection to the last request byte handed to the kernel.
    case send
    /// From there to the first response byte: the way there and back, and the server's thinking.
    case wait
    /// From the first response byte to the end of the body.
    case receive

    public static func < (left: Phase, right: Phase) -> Bool { left.order < right.order }

    private var order: Int { Phase.allCases.firstIndex(of: self)! }
}
