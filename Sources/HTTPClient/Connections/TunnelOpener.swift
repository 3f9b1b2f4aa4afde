internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// Has a proxy make the way to an origin, over a stream to that proxy: CONNECT or SOCKS5. The machines know the
// protocols; here are the bytes' way, the patience, and the words for what went wrong.

@NetworkActor
final class TunnelOpener {
    private let configuration: ClientConfiguration
    private let origin: Origin
    private let proxy: ProxyServer
    private let loop: EventLoop
    /// What has come of it so far, also when it failed.
    private(set) var facts: TunnelFacts
    /// Of the target's name, while it runs.
    private var lookup: Task<Void, Never>?

    /// How long a refusal's body is waited for: its head has said no already.
    private static let refusalPatience = Duration.seconds(1)

    init(configuration: ClientConfiguration, origin: Origin, proxy: ProxyServer, loop: EventLoop) {
        self.configuration = configuration
        self.origin = origin
        self.proxy = proxy
        self.loop = loop
        facts = TunnelFacts(proxy: proxy, target: origin.hostPort)
    }

    /// Returns when bytes on `stream` are the origin's.
    ///
    /// - Throws: `.proxy` with what the proxy said. Close the stream then.
    func open(over stream: any ByteStream) async throws(Failure) {
        do throws(Problem) {
            if proxy.kind.isSOCKS {
                try await openBySOCKS(stream)
            } else {
                try await openByConnect(stream)
            }
        } catch {
            throw Failure(error)
        }
    }

    /// Ends what `open` waits for besides `stream`, which is to be closed as well.
    func giveUp() { lookup?.cancel() }

    enum Problem: Error {
        case stream(StreamError)
        case wire(WireError)
        case socks(SOCKS5Error)
        case refused(ResponseHead, hadCredentials: Bool)
        case unresolved(String, ResolverError)
        case closed
        /// Bytes came that nobody can have been asked for: in a tunnel to HTTP or TLS the client speaks first.
        case unasked
    }

    // MARK: - CONNECT

    private func openByConnect(_ stream: any ByteStream) async throws(Problem) {
        let fields = configuration.proxies.fields(for: origin)
        let userAgent = configuration.userAgent.map { HTTPField(name: .userAgent, value: $0) }
        let request: [UInt8]
        do throws(WireError) {
            request = try ConnectHandshake.request(to: origin.hostPort, fields: fields, userAgent: userAgent)
        } catch {
            throw .wire(error)
        }
        try await write(request, to: stream)
        var handshake = ConnectHandshake(limits: configuration.limits)
        var patience: TimerID?
        defer { if let patience { loop.cancel(patience) } }
        var isOutOfPatience = false
        while true {
            let outcome: ConnectHandshake.Outcome?
            do throws(Problem) {
                outcome = try await advance(&handshake, stream)
            } catch {
                guard isOutOfPatience || error.isBrokenStream, let refusal = handshake.refusal else { throw error }
                outcome = refusal
            }
            switch outcome {
            case .open(let head):
                facts = TunnelFacts(proxy: proxy, target: origin.hostPort, head: head.told)
                return
            case .refused(let received, let body):
                let head = received.told
                facts = TunnelFacts(proxy: proxy, target: origin.hostPort, head: head, body: body)
                throw .refused(head, hadCredentials: fields[.proxyAuthorization] != nil)
            case nil:
                guard handshake.refusal != nil, patience == nil else { continue }
                patience = loop.schedule(at: loop.now + Self.refusalPatience) {
                    isOutOfPatience = true
                    stream.close()
                }
            }
        }
    }

    private func advance(
        _ handshake: inout ConnectHandshake, _ stream: any ByteStream
    ) async throws(Problem) -> ConnectHandshake.Outcome? {
        let count = try await read(stream)
        let (consumed, outcome): (Int, ConnectHandshake.Outcome?)
        do throws(WireError) {
            (consumed, outcome) = try handshake.next(input.span.extracting(0..<count), isEnd: count == 0)
        } catch {
            throw .wire(error)
        }
        if case .open = outcome, consumed < count { throw .unasked }
        return outcome
    }

    // MARK: - SOCKS5

    private func openBySOCKS(_ stream: any ByteStream) async throws(Problem) {
        var handshake: SOCKS5Handshake
        let target = try await socksTarget()
        do throws(SOCKS5Error) {
            let credentials = (try? configuration.proxies.proxy(for: origin))??.credentials
            handshake = try SOCKS5Handshake(
                to: target, port: origin.port, credentials: credentials.map { ($0.user, $0.password) })
        } catch {
            throw .socks(error)
        }
        defer { facts = TunnelFacts(proxy: proxy, target: origin.hostPort, reply: handshake.reply) }
        try await write(handshake.greeting, to: stream)
        while true {
            let count = try await read(stream)
            guard count > 0 else { throw .closed }
            var offset = 0
            var answer: [UInt8] = []
            repeat {
                let (consumed, event): (Int, SOCKS5Handshake.Event?)
                do throws(SOCKS5Error) {
                    (consumed, event) = try handshake.next(input.span.extracting(offset..<count))
                } catch {
                    throw .socks(error)
                }
                offset += consumed
                switch event {
                case .open:
                    // Nor may the way stand before it was asked for.
                    guard offset == count, answer.isEmpty else { throw .unasked }
                    return
                case .send(let bytes): answer += bytes
                case nil: break
                }
            } while offset < count
            try await write(answer, to: stream)
        }
    }

    private func socksTarget() async throws(Problem) -> SOCKS5Handshake.Target {
        if let address = IPAddress(origin.host) { return .address(address.bytes) }
        guard proxy.kind == .socks5 else { return .name(origin.host) }
        do throws(ResolverError) {
            let found = try await resolve()
            // One of them, as curl does it: the proxy's answer to the first says nothing about the others.
            guard let address = found.addresses.lazy.compactMap({ IPAddress($0.ip) }).first else {
                return .name(origin.host)
            }
            return .address(address.bytes)
        } catch {
            throw .unresolved(origin.host, error)
        }
    }

    /// A task of its own, which the limit for the tunnel can end.
    private func resolve() async throws(ResolverError) -> Resolution {
        let query = NameQuery(host: origin.host, port: origin.port, families: configuration.dialing.families)
        let answer = Promise<Result<Resolution, ResolverError>>()
        let lookup: Task<Void, Never> = Task.onNetwork { [resolver = configuration.resolver] in
            do throws(ResolverError) {
                answer.give(.success(try await resolver.resolve(query) { _ in }))
            } catch {
                answer.give(.failure(error))
            }
        }
        self.lookup = lookup
        defer { self.lookup = nil }
        let result = await withTaskCancellationHandler {
            await answer.value
        } onCancel: {
            lookup.cancel()
        }
        return try result.get()
    }

    // MARK: - Bytes

    private var input: UnsafeBufferPointer<UInt8> {
        SharedInput.shared.bytes
    }

    /// Reads into `input`, which is good until the next `await`; 0 at the end.
    private func read(_ stream: any ByteStream) async throws(Problem) -> Int {
        do throws(StreamError) {
            while true {
                switch try stream.tryRead(into: SharedInput.shared.memory) {
                case .bytes(let count): return count
                case .end: return 0
                case .wouldBlock: try await stream.readable()
                }
            }
        } catch {
            throw .stream(error)
        }
    }

    private func write(_ bytes: [UInt8], to stream: any ByteStream) async throws(Problem) {
        guard !bytes.isEmpty else { return }
        do throws(StreamError) { try await stream.writeAll(bytes) } catch { throw .stream(error) }
    }
}

extension TunnelOpener.Problem {
    var isBrokenStream: Bool { if case .stream = self { true } else { false } }
}

extension Failure {
    init(_ problem: TunnelOpener.Problem) {
        let words =
            switch problem {
            case .stream(.closed): "the tunnel's making was ended"
            case .stream(let error): "the proxy made no way: \(error)"
            case .wire(let error) where error.fault == .ours: "the proxy can't be asked: \(error)"
            case .wire(let error) where error.kind == .closedBeforeResponse:
                "the proxy closed instead of answering CONNECT"
            case .wire(let error): "the proxy's answer to CONNECT is not HTTP as it should be: \(error)"
            case .socks(let error): "the proxy \(error)"
            case .unresolved(let host, let error) where error.isUnknownName: "no such host: \(host)"
            case .unresolved(let host, let error): "looking up \(host) failed: \(error)"
            case .closed: "the proxy closed in the middle of the SOCKS handshake"
            case .unasked: "the proxy sent bytes before anything was asked of the target"
            case .refused(let head, let hadCredentials): Self.words(for: head, hadCredentials)
            }
        let kind: Kind =
            switch problem {
            case .unresolved: .dns
            case .stream(.closed): .cancelled
            default: .proxy
            }
        self.init(kind, phase: .tunnel, words)
    }

    private static func words(for head: ResponseHead, _ hadCredentials: Bool) -> String {
        let answer = head.reason.isEmpty ? "\(head.status)" : "\(head.status) \(head.reason)"
        guard head.status == 407 else { return "the proxy refused the tunnel: \(answer)" }
        // RFC 9110 §11.3: a scheme, then its parameters.
        let schemes = head.fields[values: .proxyAuthenticate].compactMap { $0.split(separator: " ").first }
        let takes = schemes.isEmpty ? "" : "; it takes \(schemes.joined(separator: ", "))"
        return hadCredentials
            ? "the proxy did not accept these credentials (\(answer)\(takes))"
            : "the proxy asks for credentials (\(answer)\(takes))"
    }
}
