internal import CLinux
internal import Glibc
public import HTTPTrace

/// Makes TCP connections to origins: looks up the name, then lets its addresses race (RFC 8305).
@NetworkActor
public struct Dialer {
    public var resolver: any Resolver
    public var options: DialOptions

    /// - Parameter resolver: Asked for names; address literals and pinned names skip it.
    public nonisolated init(resolver: any Resolver = MachineResolver.shared, options: DialOptions = DialOptions()) {
        self.resolver = resolver
        self.options = options
    }

    /// Connects to `origin`'s host and port, or where a detour leads from there.
    ///
    /// - Parameters:
    ///   - timeout: For the whole dial, lookup included. Nil leaves it to the kernel, about two minutes an address.
    ///   - record: Told on the spot of `dnsStart`, `dnsAnswered`, `dnsDone`, `connectStart` and `connectDone`: one done
    ///     for every start, also on failure, on cancellation, and for attempts that lost; theirs come right after the
    ///     winner's. No DNS events for address literals and pinned names. Last of all, `tcpMeasured`.
    /// - Throws: `.cancelled` as soon as the task is cancelled, whatever was being done.
    public func dial(
        _ origin: Origin, timeout: Duration?, record: @escaping (TraceEvent) -> Void
    ) async throws(DialError) -> TCPStream {
        let deadline = timeout.map { Deadline(at: EventLoop.shared.now + $0, after: $0) }
        let goal = options.detours.destination(of: origin)
        if goal != origin { record(.dialRedirected(from: origin.hostPort, to: goal.hostPort)) }
        let stream = try await connect(to: goal, deadline, record)
        if let facts = stream.facts(at: .dial) { record(.tcpMeasured(facts)) }
        return stream
    }

    struct Deadline {
        var at: Timestamp
        var after: Duration

        var left: Duration { at - EventLoop.shared.now }
    }

    private func connect(
        to goal: Origin, _ deadline: Deadline?, _ record: @escaping (TraceEvent) -> Void
    ) async throws(DialError) -> TCPStream {
        if let address = SocketAddress.literal(goal.host, port: goal.port) {
            return try await connect(to: address, host: goal.host, deadline, record)
        }
        var race = AddressRace(host: goal.host, options: options, deadline: deadline, record: record)
        guard let pinned = options.pins.addresses(of: goal.host, port: goal.port) else {
            let query = NameQuery(host: goal.host, port: goal.port, families: options.families)
            return try await race.run(lookingUp: query, with: resolver)
        }
        record(.addressPinned(host: goal.host, pinned))
        let wanted = pinned.filter { options.families.includes($0.family) }
        guard !wanted.isEmpty else {
            throw .unresolved(host: goal.host, .noAddresses(options.families, server: nil))
        }
        return try await race.run(over: wanted)
    }

    /// One address, which needs no race.
    private func connect(
        to address: NetworkAddress, host: String, _ deadline: Deadline?, _ record: (TraceEvent) -> Void
    ) async throws(DialError) -> TCPStream {
        let start = EventLoop.shared.now
        record(.connectStart(attempt: 1, address))
        do throws(StreamError) {
            let stream = try await TCPStream.connect(to: address, from: options.localEnd, timeout: deadline?.left)
            record(.connectDone(attempt: 1, address, nil))
            return stream
        } catch .failed(_, let code) {
            let attempt = DialError.Attempt(address: address, code: code, duration: EventLoop.shared.now - start)
            record(.connectDone(attempt: 1, address, Failure(.refused([attempt]), during: .connect)))
            guard let deadline, deadline.left <= .zero else { throw .refused([attempt]) }
            throw .timedOut(after: deadline.after, host: host, [attempt])
        } catch {
            record(.connectDone(attempt: 1, address, Failure(.cancelled, during: .connect)))
            throw .cancelled
        }
    }
}
