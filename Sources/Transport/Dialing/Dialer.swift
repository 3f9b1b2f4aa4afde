internal import CLinux
internal import Glibc
public import HTTPTrace

/// Makes TCP connections to origins: looks up the name, then tries every address in order until one takes us.
@NetworkActor
public struct Dialer {
    public var resolver: any Resolver

    /// - Parameter resolver: Asked for names; address literals skip it.
    public nonisolated init(resolver: any Resolver = SystemResolver.shared) { self.resolver = resolver }

    /// No address gets less than this, as long as there is time at all: many dead ones before the living one would
    /// otherwise cut its share below a slow network's round trip. Go's value.
    static let leastTimePerAddress = Duration.seconds(2)

    /// Connects to `origin`'s host and port.
    ///
    /// - Parameters:
    ///   - timeout: For the whole dial, lookup included. Each address gets an equal share of what is left, so that one that
    ///     never answers leaves time for the next. Nil leaves it to the kernel, about two minutes an address.
    ///   - record: Told on the spot of `dnsStart`, `dnsDone`, `connectStart` and `connectDone`: one done for every
    ///     start, also on failure and cancellation. No DNS events for address literals.
    /// - Throws: `.cancelled` as soon as the task is cancelled, whatever was being done.
    public func dial(
        _ origin: Origin, timeout: Duration?, record: (TraceEvent) -> Void
    ) async throws(DialError) -> TCPStream {
        let deadline = timeout.map { Deadline(at: EventLoop.shared.now + $0, after: $0) }
        if let address = SocketAddress.literal(origin.host, port: origin.port) {
            return try await connect(to: [address], host: origin.host, deadline, record)
        }
        let addresses = try await resolve(origin, deadline, record)
        return try await connect(to: addresses, host: origin.host, deadline, record)
    }

    private struct Deadline {
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
        case .success(let resolution): return resolution
        case .failure(.cancelled):
            guard let deadline else { throw .cancelled }
            throw .timedOut(after: deadline.after, host: origin.host, [])
        case .failure(let error): throw .unresolved(host: origin.host, error)
        }
    }

    // MARK: Addresses

    private func connect(
        to addresses: [NetworkAddress], host: String, _ deadline: Deadline?, _ record: (TraceEvent) -> Void
    ) async throws(DialError) -> TCPStream {
        var failed: [DialError.Attempt] = []
        for (index, address) in addresses.enumerated() {
            if let deadline, deadline.left <= .zero {
                throw .timedOut(after: deadline.after, host: host, failed)
            }
            let share = deadline.map { self.share(of: $0.left, addressesLeft: addresses.count - index) }
            let start = EventLoop.shared.now
            record(.connectStart(attempt: index + 1, address))
            do throws(StreamError) {
                let stream = try await TCPStream.connect(to: address, timeout: share)
                record(.connectDone(attempt: index + 1, address, nil))
                return stream
            } catch .failed(_, let code) {
                failed.append(DialError.Attempt(address: address, code: code, duration: EventLoop.shared.now - start))
                record(.connectDone(attempt: index + 1, address, Failure(.refused([failed.last!]), during: .connect)))
            } catch {
                record(.connectDone(attempt: index + 1, address, Failure(.cancelled, during: .connect)))
                throw .cancelled
            }
        }
        if let deadline, deadline.left <= .zero { throw .timedOut(after: deadline.after, host: host, failed) }
        throw .refused(failed)
    }

    /// How long the next address may take.
    func share(of left: Duration, addressesLeft: Int) -> Duration {
        min(left, max(left / addressesLeft, Self.leastTimePerAddress))
    }
}
