internal import DequeModule
internal import Glibc
internal import HTTPTrace
internal import Synchronization

// The arithmetic of many handshakes at once, away from the network thread: half a millisecond each, a hundred of them would
// keep it from its sockets, and all stamps taken meanwhile would be late.
//
//      step ──▶ first one in this turn of the loop? ──yes──▶ done on the spot: a hop to another thread and back
//                        │ no                                 costs 20 µs
//                        └──▶ stand in line ──▶ one of a few threads, which ends when the line is empty

/// Where handshakes are computed.
@NetworkActor
enum HandshakeThreads {
    private struct Line {
        var work = Deque<@Sendable () -> Void>()
        var threads = 0
    }

    private nonisolated static let line = Mutex(Line())
    private static var lastTurnWithStep = -1
    /// How many steps ran here and there, since the program began.
    private(set) static var steps = (onLoop: 0, onThreads: 0)

    /// As many as processors, since they do nothing but compute; past four the loop could not feed them.
    private nonisolated static let threadLimit = max(1, min(4, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// Whether a step may be done on the spot: the first one of a turn, unless it might write a file. Asking counts.
    static func mayStepOnLoop(_ session: TLSSession) -> Bool {
        let turn = EventLoop.shared.turns
        guard session.context.keyLog == nil, turn != lastTurnWithStep else { return false }
        lastTurnWithStep = turn
        steps.onLoop += 1
        return true
    }

    /// Does a step elsewhere. Nobody else may touch the session until this returns.
    static func step(_ session: TLSSession) async -> Result<TLSSession.Progress, TLSError> {
        steps.onThreads += 1
        let outcome = Promise<Result<TLSSession.Progress, TLSError>>()
        stand {
            let result = Result { () throws(TLSError) in try session.handshake() }
            EventLoop.shared.execute { outcome.give(result) }
        }
        return await outcome.value
    }

    private nonisolated static func stand(_ work: @escaping @Sendable () -> Void) {
        let mustStart = line.withLock { line in
            line.work.append(work)
            guard line.threads < threadLimit else { return false }
            line.threads += 1
            return true
        }
        guard mustStart else { return }
        // With no thread left to have, it is done here: late is better than never.
        if !startThread(named: "handshake", { workThrough() }) { workThrough() }
    }

    private nonisolated static func workThrough() {
        while let work = next() { work() }
    }

    private nonisolated static func next() -> (@Sendable () -> Void)? {
        line.withLock { line in
            if let work = line.work.popFirst() { return work }
            line.threads -= 1
            return nil
        }
    }
}
