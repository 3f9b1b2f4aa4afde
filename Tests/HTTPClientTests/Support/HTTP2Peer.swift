import HTTPTrace
import HTTPTypes
import HTTPWire
import TestSupport
import Transport

// A server of HTTP/2 on loopback that does what a test tells it: real sockets, our own session in the server's role, and
// bytes by hand where no session would send them.

/// One connection of an `HTTP2Peer`.
@NetworkActor
final class HTTP2PeerConnection {
    let number: Int
    let session: HTTP2Session
    private let stream: any ByteStream
    /// Body bytes by stream.
    private(set) var received: [HTTP2StreamID: Int] = [:]
    private(set) var isClosed = false
    /// Whether what a client uploads is taken at all.
    var consumes = true
    private var isFlushing = false
    /// To be sent after what the session has to say.
    private var raw: [UInt8] = []

    init(_ number: Int, _ stream: any ByteStream, _ limits: HTTP2Limits) {
        self.number = number
        self.stream = stream
        session = HTTP2Session(.server, limits: limits)
    }

    func run(_ follow: (HTTP2PeerConnection, HTTP2Event) -> Void) async {
        await flush()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 1)
        defer { buffer.deallocate() }
        while let count = try? await stream.read(into: buffer), count > 0 {
            let bytes = UnsafeBufferPointer(rebasing: buffer.bindMemory(to: UInt8.self)[..<count])
            for event in session.receive(bytes.span) {
                if case .data(let id, let range) = event {
                    received[id, default: 0] += range.count
                    if consumes { session.consumed(range.count, of: id) }
                }
                follow(self, event)
            }
            await flush()
        }
        close()
    }

    /// Sends what the session has to say. One at a time: bytes of two would mix while the kernel takes them.
    func flush() async {
        guard !isFlushing else { return }
        isFlushing = true
        defer { isFlushing = false }
        while true {
            _ = session.fill()
            var bytes: [UInt8] = []
            session.withOutput { output in
                bytes = Array(output)
                return output.count
            }
            if bytes.isEmpty {
                guard !raw.isEmpty else { return }
                swap(&bytes, &raw)
            }
            guard (try? await stream.writeAll(bytes)) != nil else { return }
        }
    }

    func respond(_ id: HTTP2StreamID, _ status: Int = 200, _ fields: HTTPFields = [:], body: String = "hello") {
        session.submit(try! HTTP2ResponseHead(status: status, fields: fields), hasBody: !body.isEmpty, on: id)
        if !body.isEmpty { session.write(Array(body.utf8), ends: true, on: id) }
        Task.onNetwork { await self.flush() }
    }

    func inform(_ id: HTTP2StreamID, _ status: Int, _ fields: HTTPFields = [:]) {
        session.submitInformational(try! HTTP2ResponseHead(status: status, fields: fields), on: id)
        Task.onNetwork { await self.flush() }
    }

    /// Sends bytes that no session makes.
    func send(raw bytes: [UInt8]) {
        raw += bytes
        Task.onNetwork { await self.flush() }
    }

    func close() {
        isClosed = true
        stream.close()
    }
}

@NetworkActor
final class HTTP2Peer {
    private let listener: TCPListener
    private let isSecure: Bool
    private(set) var connections: [HTTP2PeerConnection] = []
    /// How many of the next connections are reset as soon as they stand.
    var connectionsToBreak = 0

    /// Starts it on a free port; over TLS when there is a context.
    ///
    /// - Parameters:
    ///   - gate: Passed by each connection before anything else, its handshake included.
    ///   - follow: Told of every event of every connection.
    init(
        limits: HTTP2Limits = .standard, secure: Bool = false, behind gate: Gate? = nil,
        _ follow: @escaping @NetworkActor (HTTP2PeerConnection, HTTP2Event) -> Void = HTTP2Peer.greet
    ) throws {
        listener = try TCPListener(NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 0))
        isSecure = secure
        let tls = try secure ? TLSContext(server: TestCertificates.localhost, applicationProtocols: ["h2"]) : nil
        Task.onNetwork { [self] in
            while let tcp = try? await listener.accept() {
                Task.onNetwork {
                    await gate?.pass()
                    var stream: any ByteStream = tcp
                    if let tls {
                        guard let secure = try? TLSStream(over: tcp, server: tls),
                            (try? await secure.handshake()) != nil
                        else { return tcp.close() }
                        stream = secure
                    }
                    if self.connectionsToBreak > 0 {
                        self.connectionsToBreak -= 1
                        return tcp.reset()
                    }
                    let connection = HTTP2PeerConnection(self.connections.count, stream, limits)
                    self.connections.append(connection)
                    await connection.run(follow)
                }
            }
        }
    }

    /// Answers each request when it is complete.
    static func greet(_ connection: HTTP2PeerConnection, _ event: HTTP2Event) {
        if case .streamEnded(let id) = event { connection.respond(id) }
    }

    func url(_ target: String = "/") -> RequestURL {
        RequestURL(
            origin: Origin(scheme: isSecure ? .https : .http, host: "127.0.0.1", port: listener.address.port),
            target: target)
    }
}
