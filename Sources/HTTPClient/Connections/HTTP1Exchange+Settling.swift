internal import HTTPTrace
internal import HTTPWire
internal import Transport

// When the caller has all it wanted, the connection may need a moment more to be of use to the next request:
//
//      body ended, request not written yet ──▶ awaitingWriting ──▶ written: given back
//      reader left, little to come         ──▶ draining ─────────▶ end read: given back
//                                                    └── 50 ms or 256 KiB later: closed
//
// Both limits are Go's (1.27). The exchange's last event waits for the outcome.

extension HTTP1Exchange {
    enum Settling {
        case awaitingWriting(TimerID, strayBytes: Int)
        case draining(TimerID, bytes: Int)
    }

    private static let drainBytes = 256 << 10

    // MARK: - A response that came before its request was written

    func awaitWriting(strayBytes: Int) {
        let timer = loop.schedule(at: loop.now + connection.settlingTime) {
            self.settle(.reusable, strayBytes: strayBytes)
        }
        settling = .awaitingWriting(timer, strayBytes: strayBytes)
    }

    /// Well or not: `settle` looks.
    func noteWritingEnded() {
        guard case .awaitingWriting(_, let strayBytes) = settling else { return }
        settle(.reusable, strayBytes: strayBytes)
    }

    // MARK: - A body that nobody reads to its end

    /// The reader of the body went away before its end.
    func abandon() {
        chunk = []
        guard !isEnded else { return }
        // It was ended before its reader left, who had not asked for more since.
        if let abortion {
            fail(abortion)
            return tracer.finish(abortion, on: connection.id)
        }
        isEnded = true
        recordBodyEnd(.closedEarly)
        recordTCPFacts(at: .end)
        guard mayDrain else { return endUnread() }
        settling = .draining(loop.schedule(at: loop.now + connection.settlingTime) { self.endUnread() }, bytes: 0)
        connection.waiting = self
        drain()
    }

    // Not what broke before its reader left, and he had not asked yet: where the next byte belongs is not known.
    private var mayDrain: Bool {
        problem == nil && connection.reader.willBeReusable && announcedBytes ?? 0 <= Int64(Self.drainBytes)
    }

    /// Reads what is there, until the end or a limit.
    func drain() {
        do throws(Problem) {
            while case .draining = settling, try readOnce() {}
        } catch {
            endUnread()
        }
    }

    /// Bytes of the body came that nobody reads. False when they were too many: nothing more is to be understood.
    func mayDropMore(_ count: Int) -> Bool {
        guard case .draining(let timer, let bytes) = settling else { return false }
        settling = .draining(timer, bytes: bytes + count)
        guard bytes + count > Self.drainBytes else { return true }
        endUnread()
        return false
    }

    private func endUnread() {
        stopSettling()
        connection.discard(because: .bodyNotRead)
        tracer.finish(nil, on: connection.id)
    }

    func stopSettling() {
        switch settling {
        case .awaitingWriting(let timer, _): loop.cancel(timer)
        case .draining(let timer, _):
            loop.cancel(timer)
            connection.waiting = nil
        case nil: return
        }
        settling = nil
    }
}
