internal import DequeModule
internal import HTTPTrace

/// The lookup and the attempts of one dial that run side by side, each a task of its own, and what became of them, in
/// order.
@NetworkActor
final class RunningAttempts {
    enum Event {
        /// One family's part of the lookup; more follows.
        case answered(ResolvedPart)
        /// The lookup's end.
        case resolved(Result<Resolution, ResolverError>)
        case connected(Int, TCPStream)
        case failed(Int, DialError.Attempt)
        case woke
        /// The task that waits for events was cancelled; said again at each further question.
        case cancelled

        fileprivate var number: Int? {
            switch self {
            case .connected(let number, _), .failed(let number, _): number
            case .answered, .resolved, .woke, .cancelled: nil
            }
        }
    }

    private struct Running {
        var address: NetworkAddress
        var start: Timestamp
        var task: Task<Void, Never>
    }

    private let localEnd: LocalEnd?
    private var lookup: Task<Void, Never>?
    private var running: [Int: Running] = [:]
    /// What `next()` has not told yet.
    private(set) var events = Deque<Event>()
    private let waiting = WaitingPlace()
    private var timer: TimerID?

    /// - Parameter localEnd: Where all attempts start from; nil leaves it to the kernel.
    init(from localEnd: LocalEnd? = nil) { self.localEnd = localEnd }

    /// Starts the lookup, which ends in `resolved` unless it is abandoned.
    func lookUp(_ query: NameQuery, with resolver: any Resolver) {
        lookup = Task.onNetwork { [self] in
            let result: Result<Resolution, ResolverError>
            do throws(ResolverError) {
                result = .success(
                    try await resolver.resolve(query) { part in
                        // A resolver that ends by its own haste has nobody to tell any more.
                        if self.lookup != nil { self.post(.answered(part)) }
                    })
            } catch {
                result = .failure(error)
            }
            if lookup.take() != nil { post(.resolved(result)) }
        }
    }

    /// Nothing more is to be heard of the lookup.
    func abandonLookup() {
        lookup.take()?.cancel()
        events.removeAll { event in
            switch event {
            case .answered, .resolved: true
            case .connected, .failed, .woke, .cancelled: false
            }
        }
    }

    /// Connects to `address`, which ends in an event unless it is abandoned.
    func start(_ number: Int, _ address: NetworkAddress) {
        let start = EventLoop.shared.now
        let task: Task<Void, Never> = Task.onNetwork { [self, localEnd] in
            // Abandoned before its first step: not even a SYN goes out.
            guard !Task.isCancelled else { return }
            do throws(StreamError) {
                let stream = try await TCPStream.connect(to: address, from: localEnd)
                post(.connected(number, stream))
            } catch .failed(_, let code) {
                let duration = EventLoop.shared.now - start
                post(.failed(number, DialError.Attempt(address: address, code: code, duration: duration)))
            } catch {
                // Abandoned, and the socket is closed.
            }
        }
        running[number] = Running(address: address, start: start, task: task)
    }

    /// Ends an attempt whose end `next()` has not told. A connection that it may have made meanwhile is closed unused.
    ///
    /// - Returns: How it would be told as one that took too long.
    func abandon(_ number: Int) -> DialError.Attempt {
        guard let attempt = running.removeValue(forKey: number) else {
            preconditionFailure("attempt \(number) is abandoned but doesn't run")
        }
        attempt.task.cancel()
        if let index = events.firstIndex(where: { $0.number == number }) {
            if case .connected(_, let stream) = events.remove(at: index) { stream.close() }
        }
        return .timedOut(attempt.address, after: EventLoop.shared.now - attempt.start)
    }

    /// Lets `next()` say `woke` at `moment`; replaces an earlier wish.
    func wake(at moment: Timestamp) {
        stopTimer()
        timer = EventLoop.shared.schedule(at: moment) { self.post(.woke) }
    }

    /// Ends the lookup and the timer; attempts have been abandoned one by one.
    func stop() {
        abandonLookup()
        stopTimer()
    }

    private func stopTimer() {
        if let timer = timer.take() { EventLoop.shared.cancel(timer) }
    }

    /// Waits for what comes next. One task at a time.
    func next() async -> Event {
        while true {
            // Looked at first: a connection that stood just before the cancellation has nobody to take it.
            if Task.isCancelled { return .cancelled }
            if let event = events.popFirst() {
                if let number = event.number { running[number] = nil }
                return event
            }
            await withTaskCancellationHandler {
                await waiting.wait()
            } onCancel: {
                EventLoop.shared.execute { self.waiting.wake() }
            }
        }
    }

    private func post(_ event: Event) {
        if case .connected(let number, let stream) = event, running[number] == nil {
            stream.close()
            return
        }
        if let number = event.number, running[number] == nil { return }
        events.append(event)
        waiting.wake()
    }
}
