internal import CLinux
internal import Glibc
public import HTTPTrace

// Ten thousand dials may wait at once. What a function keeps over its waits is allocated for each, a kilobyte wherever the
// last piece is full; and the optimizer keeps the variables of all that it inlines. So what waits is one function, and what
// doesn't is never inlined there.

/// Makes TCP connections to origins: looks up the name, then lets its addresses race (RFC 8305).
@NetworkActor
public final class Dialer {
    public let resolver: any Resolver
    public let options: DialOptions

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
        let goal = destination(of: origin, record)
        let stream: TCPStream
        if let address = SocketAddress.literal(goal.host, port: goal.port) {
            stream = try await connect(to: address, host: goal.host, deadline, record)
        } else {
            stream = try await race(to: goal, deadline, record)
        }
        Self.measure(stream, record)
        return stream
    }

    @inline(never)
    private func destination(of origin: Origin, _ record: (TraceEvent) -> Void) -> Origin {
        let goal = options.detours.destination(of: origin)
        if goal != origin { record(.dialRedirected(from: origin.hostPort, to: goal.hostPort)) }
        return goal
    }

    @inline(never)
    private static func measure(_ stream: TCPStream, _ record: (TraceEvent) -> Void) {
        if let facts = stream.facts(at: .dial) { record(.tcpMeasured(facts)) }
    }

    struct Deadline {
        var at: Timestamp
        var after: Duration

        var left: Duration { at - EventLoop.shared.now }
    }

    @inline(never)
    private func race(
        to goal: Origin, _ deadline: Deadline?, _ record: @escaping (TraceEvent) -> Void
    ) async throws(DialError) -> TCPStream {
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
    @inline(__always)
    private func connect(
        to address: NetworkAddress, host: String, _ deadline: Deadline?, _ record: (TraceEvent) -> Void
    ) async throws(DialError) -> TCPStream {
        let start = Self.noteStart(of: address, record)
        do throws(StreamError) {
            let stream = try await TCPStream.connect(to: address, from: options.localEnd, timeout: deadline?.left)
            Self.noteEnd(of: address, record)
            return stream
        } catch {
            throw Self.note(error, of: address, host: host, since: start, deadline, record)
        }
    }

    @inline(never)
    private static func noteStart(of address: NetworkAddress, _ record: (TraceEvent) -> Void) -> Timestamp {
        let start = EventLoop.shared.now
        record(.connectStart(attempt: 1, address))
        return start
    }

    @inline(never)
    private static func noteEnd(of address: NetworkAddress, _ record: (TraceEvent) -> Void) {
        record(.connectDone(attempt: 1, address, nil))
    }

    /// Records why the one address there was can't be reached, and says it of the dial.
    @inline(never)
    private static func note(
        _ error: StreamError, of address: NetworkAddress, host: String, since start: Timestamp, _ deadline: Deadline?,
        _ record: (TraceEvent) -> Void
    ) -> DialError {
        guard case .failed(_, let code) = error else {
            record(.connectDone(attempt: 1, address, Failure(.cancelled, during: .connect)))
            return .cancelled
        }
        let attempt = DialError.Attempt(address: address, code: code, duration: EventLoop.shared.now - start)
        record(.connectDone(attempt: 1, address, Failure(.refused([attempt]), during: .connect)))
        guard let deadline, deadline.left <= .zero else { return .refused([attempt]) }
        return .timedOut(after: deadline.after, host: host, [attempt])
    }
}
