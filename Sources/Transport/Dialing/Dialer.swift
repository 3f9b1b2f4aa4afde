internal import CLinux
internal import Glibc
public import HTTPTrace

/// Makes TCP connections to origins: looks up the name, then lets its addresses race (RFC 8305).
@NetworkActor
public struct Dialer {
    public var resolver: any Resolver
    /// How long an address has the field to itself before the next one is tried too.
    var attemptDelay = HappyEyeballs.attemptDelay

    /// - Parameter resolver: Asked for names; address literals skip it.
    public nonisolated init(resolver: any Resolver = SystemResolver.shared) { self.resolver = resolver }

    /// Connects to `origin`'s host and port.
    ///
    /// - Parameters:
    ///   - timeout: For the whole dial, lookup included. Nil leaves it to the kernel, about two minutes an address.
    ///   - record: Told on the spot of `dnsStart`, `dnsDone`, `connectStart` and `connectDone`: one done for every
    ///     start, also on failure, on cancellation, and for attempts that lost; theirs come right after the winner's. No
    ///     DNS events for address literals.
    /// - Throws: `.cancelled` as soon as the task is cancelled, whatever was being done.
    public func dial(
        _ origin: Origin, timeout: Duration?, record: (TraceEvent) -> Void
    ) async throws(DialError) -> TCPStream {
        let deadline = timeout.map { Deadline(at: EventLoop.shared.now + $0, after: $0) }
        if let address = SocketAddress.literal(origin.host, port: origin.port) {
            return try await connect(to: address, host: origin.host, deadline, record)
        }
        let addresses = try await resolve(origin, deadline, record)
        // A race of one would only cost a task and a timer.
        guard addresses.count > 1 else {
            return try await connect(to: addresses[0], host: origin.host, deadline, record)
        }
        var race = AddressRace(host: origin.host, attemptDelay: attemptDelay, deadline: deadline)
        return try await race.run(over: addresses, record: record)
    }

    struct Deadline {
        var at: Timestamp
        var after: Duration

        var left: Duration { at - EventLoop.shared.now }
    }

    // MARK: Names

    private func resolve(
        _ origin: Origin, _ deadline: Deadline?, _ record: (TraceEvent) -> Void
    ) async throws(DialError) -> [NetworkAddress] {
        record(.dnsStart(host: origin.host))
        do throws(DialError) {
            let resolution = try await resolve(origin, deadline)
            record(.dnsDone(DNSAnswer(addresses: resolution.addresses, isCoalesced: resolution.isCoalesced)))
            return resolution.addresses
        } catch {
            record(.dnsDone(DNSAnswer(addresses: [], failure: Failure(error, during: .dns))))
            throw error
        }
    }

    private func resolve(_ origin: Origin, _ deadline: Deadline?) async throws(DialError) -> Resolution {
        let resolver = resolver
        // A task of its own, so that the deadline can cancel the lookup and nothing else.
        let lookup = Task.onNetwork { () async -> Result<Resolution, ResolverError> in
            do throws(ResolverError) {
                return .success(try await resolver.resolve(origin.host, port: origin.port))
            } catch {
                return .failure(error)
            }
        }
        let timer = deadline.map { EventLoop.shared.schedule(at: $0.at) { lookup.cancel() } }
        let result = await withTaskCancellationHandler {
            await lookup.value
        } onCancel: {
            lookup.cancel()
        }
        if let timer { EventLoop.shared.cancel(timer) }
        if Task.isCancelled { throw .cancelled }
        switch result {
        case .success(let resolution) where resolution.addresses.isEmpty:
            throw .unresolved(host: origin.host, .failed(code: EAI_NONAME, words: "no usable address"))
        case .success(let resolution): return resolution
        case .failure(.cancelled):
            guard let deadline else { throw .cancelled }
            throw .timedOut(after: deadline.after, host: origin.host, [])
        case .failure(let error): throw .unresolved(host: origin.host, error)
        }
    }

    // MARK: One address

    private func connect(
        to address: NetworkAddress, host: String, _ deadline: Deadline?, _ record: (TraceEvent) -> Void
    ) async throws(DialError) -> TCPStream {
        if let deadline, deadline.left <= .zero { throw .timedOut(after: deadline.after, host: host, []) }
        let start = EventLoop.shared.now
        record(.connectStart(attempt: 1, address))
        do throws(StreamError) {
            let stream = try await TCPStream.connect(to: address, timeout: deadline?.left)
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
