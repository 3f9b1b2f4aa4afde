internal import CLinux
internal import Glibc
public import HTTPTrace

/// A listening TCP socket. Dropping the last reference closes it.
@NetworkActor
public final class TCPListener {
    private let descriptor: Descriptor
    /// Where it listens; with the port that was given out when 0 was asked for.
    public let address: NetworkAddress

    /// Connections that are taken in a row before other work gets its turn: a flood must not stop the rest.
    private static let acceptsInARow = 64
    private var acceptedInARow = 0

    /// Listens on `address`. Port 0 lets the kernel choose. An IPv6 address takes IPv6 only.
    ///
    /// - Parameter backlog: How many connections may wait to be accepted; the kernel lowers it to its own limit.
    /// - Throws: `.failed` with the call: `bind` and EADDRINUSE, EACCES or EADDRNOTAVAIL, mostly.
    public init(_ address: NetworkAddress, backlog: Int32 = 4096) throws(StreamError) {
        guard let wanted = SocketAddress(address) else { throw .failed(call: "bind", code: EINVAL) }
        let descriptor = try Descriptor.makeSocket(family: wanted.family)
        // A server that restarts must not wait for its old connections' TIME_WAIT.
        descriptor.setOption(SO_REUSEADDR, level: SOL_SOCKET)
        if address.family == .ip6 { descriptor.setOption(IPV6_V6ONLY, level: Int32(IPPROTO_IPV6)) }
        guard wanted.withBytes({ bind(descriptor.number, $0, $1) }) == 0 else {
            let code = errno
            descriptor.close()
            throw .failed(call: "bind", code: code)
        }
        guard listen(descriptor.number, backlog) == 0 else {
            let code = errno
            descriptor.close()
            throw .failed(call: "listen", code: code)
        }
        var bound = SocketAddress()
        _ = bound.withMutableBytes { getsockname(descriptor.number, $0, $1) }
        self.descriptor = descriptor
        self.address = bound.networkAddress ?? address
    }

    isolated deinit { descriptor.close() }

    /// Waits for the next connection. One task at a time.
    ///
    /// - Throws: `.closed` once the listener is closed. `.failed` with EMFILE, ENFILE, ENOBUFS or ENOMEM leaves the
    ///   connection in the queue and the listener usable: pause before asking again.
    public func accept() async throws(StreamError) -> TCPStream {
        if acceptedInARow >= Self.acceptsInARow {
            acceptedInARow = 0
            await Task.yield()
        }
        var remote = SocketAddress()
        while true {
            if let number = try descriptor.accept(into: &remote) {
                acceptedInARow += 1
                let connection = try Descriptor(adopting: number, mayWrite: true)
                connection.setOption(TCP_NODELAY, level: Int32(IPPROTO_TCP))
                return TCPStream(connection, remote: remote.networkAddress ?? address)
            }
            acceptedInARow = 0
            guard await descriptor.waitUntilReadable() == .ready else { throw .closed }
        }
    }

    /// Stops listening; `accept()` ends with `.closed`, connections in the queue are reset.
    public func close() { descriptor.close() }
}
