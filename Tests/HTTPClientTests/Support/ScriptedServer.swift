import HTTPTrace
import Transport

// A server on loopback that does what a test tells it, byte for byte: real sockets, no judgement. Each accepted
// connection follows the next script; one that is not in the scripts is closed at once.

/// What a scripted connection does next.
enum Step: Sendable {
    /// Waits for a request's head, to its blank line.
    case readHead
    /// Waits for this many bytes after what was read so far.
    case read(Int)
    case send(String)
    case sendBytes([UInt8])
    /// Expects a TLS handshake; what follows is inside.
    case startTLS(TLSContext)
    /// Waits until the test opens the gate.
    case wait(Gate)
    /// Waits until the client closes its side.
    case awaitClose
    case close
    /// Closes with a reset.
    case reset
}

/// Opened once by a test; who waits for it goes on.
@NetworkActor
final class Gate {
    private var isOpen = false
    private var waiting: [UnsafeContinuation<Void, Never>] = []

    nonisolated init() {}

    func open() {
        isOpen = true
        for waiter in waiting { waiter.resume() }
        waiting = []
    }

    func pass() async {
        await withUnsafeContinuation { continuation in
            if isOpen { continuation.resume() } else { waiting.append(continuation) }
        }
    }
}

@NetworkActor
final class ScriptedServer {
    private let listener: TCPListener
    private var scripts: [[Step]]
    private let tls: TLSContext?
    /// What each connection received, in the order of accepting.
    private(set) var received: [String] = []
    private var accepted: [TCPStream] = []
    /// Connections whose script has ended.
    private(set) var finished = 0

    /// Starts it on a free port.
    convenience init(_ scripts: [Step]..., tls: TLSContext? = nil) throws { try self.init(scripts: scripts, tls: tls) }

    init(scripts: [[Step]], tls: TLSContext? = nil) throws {
        listener = try TCPListener(NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 0))
        self.scripts = scripts
        self.tls = tls
        Task.onNetwork { [self] in
            while let stream = try? await listener.accept() { start(stream) }
        }
    }

    func stop() { listener.close() }

    func url(_ target: String = "/") -> RequestURL {
        RequestURL(
            origin: Origin(scheme: tls == nil ? .http : .https, host: "127.0.0.1", port: listener.address.port),
            target: target)
    }

    var address: NetworkAddress { listener.address }

    /// Resets a connection now, wherever its script stands.
    func reset(_ number: Int) { accepted[number].reset() }

    /// Itself as a proxy.
    func proxy(_ kind: ProxyServer.Kind) -> ProxyServer {
        ProxyServer(kind, host: "127.0.0.1", port: listener.address.port)
    }

    private func start(_ tcp: TCPStream) {
        let number = received.count
        received.append("")
        accepted.append(tcp)
        let script = number < scripts.count ? scripts[number] : []
        Task.onNetwork { [self] in
            var stream: any ByteStream = tcp
            if let tls {
                guard let secure = try? TLSStream(over: tcp, server: tls),
                    (try? await secure.handshake()) != nil
                else { return tcp.close() }
                stream = secure
            }
            var pending: [UInt8] = []
            for step in script {
                if case .reset = step { tcp.reset() }
                guard (try? await follow(step, &stream, &pending, number)) != nil else { break }
            }
            finished += 1
            stream.close()
        }
    }

    private func follow(
        _ step: Step, _ stream: inout any ByteStream, _ pending: inout [UInt8], _ number: Int
    ) async throws {
        switch step {
        case .readHead:
            while !pending.contains(subsequence: Array("\r\n\r\n".utf8)) { try await more(stream, &pending, number) }
            let end = pending.firstEnd(of: Array("\r\n\r\n".utf8))!
            pending.removeFirst(end)
        case .read(let count):
            while pending.count < count { try await more(stream, &pending, number) }
            pending.removeFirst(count)
        case .send(let text): try await stream.writeAll(Array(text.utf8))
        case .sendBytes(let bytes): try await stream.writeAll(bytes)
        case .startTLS(let context):
            let secure = try TLSStream(over: stream, server: context)
            try await secure.handshake()
            stream = secure
        case .wait(let gate): await gate.pass()
        case .awaitClose: while true { try await more(stream, &pending, number) }
        case .close, .reset: throw StreamError.closed
        }
    }

    private func more(_ stream: any ByteStream, _ pending: inout [UInt8], _ number: Int) async throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 1)
        defer { buffer.deallocate() }
        let count = try await stream.read(into: buffer)
        guard count > 0 else { throw StreamError.closed }
        pending += buffer[..<count]
        received[number] += String(decoding: buffer[..<count], as: UTF8.self)
    }
}

extension [UInt8] {
    fileprivate func contains(subsequence: [UInt8]) -> Bool { firstEnd(of: subsequence) != nil }

    /// Where the first occurrence of `subsequence` ends.
    fileprivate func firstEnd(of subsequence: [UInt8]) -> Int? {
        guard count >= subsequence.count else { return nil }
        return (0...(count - subsequence.count)).first { Array(self[$0..<$0 + subsequence.count]) == subsequence }
            .map { $0 + subsequence.count }
    }
}
