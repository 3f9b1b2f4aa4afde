internal import Glibc
public import HTTPTrace
public import Transport

extension NetworkAddress {
    /// 127.0.0.1, any free port.
    public static let loopback = NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 0)
}

/// Two ends of one TCP connection over loopback.
@NetworkActor
public struct LoopbackPair {
    public let client: TCPStream
    public let server: TCPStream

    public init() async throws {
        let listener = try TCPListener(.loopback)
        client = try await TCPStream.connect(to: listener.address)
        server = try await listener.accept()
        listener.close()
    }
}

/// An address where connects are never answered, as behind a firewall that drops packets: a listener whose queue is full.
@NetworkActor
public final class BlackHole {
    private let listener: TCPListener
    private var filling: [TCPStream] = []
    public var address: NetworkAddress { listener.address }

    public init() async throws {
        listener = try TCPListener(.loopback, backlog: 0)
        // Linux holds one connection more than the backlog says.
        filling.append(try await TCPStream.connect(to: listener.address))
    }
}

/// What the kernel lists of this machine's IPv4 sockets (proc_net_tcp).
public enum TCPTable {
    public enum State: String, Sendable { case established = "01", connecting = "02" }

    /// How many have `address` at their other end; nil when the list can't be read.
    public static func sockets(to address: NetworkAddress, in state: State) -> Int? {
        let port = String(address.port, radix: 16, uppercase: true)
        let ending = ":" + String(repeating: "0", count: 4 - port.count) + port + " \(state.rawValue) "
        // Line by line: the kernel makes this file while it is read, and a short read is not its end.
        guard let table = fopen("/proc/self/net/tcp", "r") else { return nil }
        defer { fclose(table) }
        var line = [CChar](repeating: 0, count: 512)
        var count = 0
        while fgets(&line, Int32(line.count), table) != nil {
            if strstr(line, ending) != nil { count += 1 }
        }
        return count
    }
}

extension ByteStream {
    /// Reads to the end of the stream.
    public func readAll(roomFor capacity: Int = 65_536) async throws(StreamError) -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = try await readSome(roomFor: capacity) { all += bytes }
        return all
    }

    /// Reads what comes first; nil at the end.
    public func readSome(roomFor capacity: Int = 65_536) async throws(StreamError) -> [UInt8]? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
        defer { buffer.deallocate() }
        let count = try await read(into: buffer)
        return count == 0 ? nil : Array(buffer[..<count])
    }

    public func write(_ text: String) async throws(StreamError) { try await writeAll(Array(text.utf8)) }
}
