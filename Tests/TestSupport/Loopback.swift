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
