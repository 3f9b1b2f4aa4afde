internal import DequeModule
internal import HTTPTrace

/// The attempts of one dial that run side by side, each a task of its own, and what became of them, in order.
@NetworkActor
final class RunningAttempts {
    enum Event {
        case connected(Int, TCPStream)
        case failed(Int, DialError.Attempt)
        case woke
        /// The task that waits for events was cancelled; said again at each further question.
        case cancelled

        fileprivate var number: Int? {
            switch self {
            case .connected(let number, _), .failed(let number, _): number
            case .woke, .cancelled: nil
            }
        }
    }

    private struct Running {
        var address: NetworkAddress
        var start: Timestamp
        var task: Task<Void, Never>
    }

    private var running: [Int: Running] = [:]
    /// What `next()` has not told yet.
    private(set) var events = Deque<Event>()
    private var waiter: UnsafeContinuation<Void, Never>?
    private var timer: TimerID?

    /// Connects to `address`, which ends in an event unless it is abandoned.
    func start(_ number: Int, _ address: NetworkAddress) {
        let start = EventLoop.shared.now
        let task: Task<Void, Never> = Task.onNetwork { [self] in
            // Abandoned before its first step: not even a SYN goes out.
            guard !Task.isCancelled else { return }
            do throws(StreamError) {
                let stream = try await TCPStream.connect(to: address)
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

    func stopTimer() {
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
                await withUnsafeContinuation { continuation in
                    // The handler may have run already, and found nobody to wake. One that runs from now on comes after us.
                    if Task.isCancelled || !events.isEmpty {
                        continuation.resume()
                    } else {
                        waiter = continuation
                    }
                }
            } onCancel: {
                EventLoop.shared.execute { self.waiter.take()?.resume() }
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
        waiter.take()?.resume()
    }
}
