import HTTPTrace
import Transport

/// How the engine is watched while it works.
enum Watcher: String, CaseIterable {
    /// No trace at all.
    case unwatched
    /// Go's sixteen hooks, each counting: what the Go peer does with httptrace.
    case hooks
    /// Every event of exchanges and connections kept in a buffer, as the program's recorder does.
    case recording

    struct Watching: Sendable {
        var trace: ClientTrace?
        var connectionBuffer: TraceBuffer?
        fileprivate var tally = Tally()

        /// Hooks called, or events recorded.
        @NetworkActor var seen: Int { tally.count }
    }

    func begin() -> Watching {
        var watching = Watching()
        let tally = watching.tally
        switch self {
        case .unwatched: break
        case .hooks: watching.trace = tally.countingTrace
        case .recording:
            watching.trace = ClientTrace { $0.buffer = tally.buffer }
            watching.connectionBuffer = tally.buffer
        }
        return watching
    }
}

/// What was seen. Records are kept up to the size of a batch and then dropped, so memory doesn't grow with the run.
/// Belongs to the network thread, where hooks are called.
final class Tally: @unchecked Sendable {
    /// The program's own limit for a batch.
    private static let batchLimit = 8_192

    private var counted = 0
    let buffer = TraceBuffer(limit: batchLimit)

    init() {
        buffer.filled = { [unowned self] in
            counted += buffer.count
            buffer.removeAll()
        }
    }

    var count: Int { counted + buffer.count }

    var countingTrace: ClientTrace {
        ClientTrace { trace in
            trace.getConn = { _ in self.counted += 1 }
            trace.gotConn = { _ in self.counted += 1 }
            trace.putIdleConn = { _ in self.counted += 1 }
            trace.gotFirstResponseByte = { self.counted += 1 }
            trace.got100Continue = { self.counted += 1 }
            trace.got1xxResponse = { _, _ in self.counted += 1 }
            trace.dnsStart = { _ in self.counted += 1 }
            trace.dnsDone = { _ in self.counted += 1 }
            trace.connectStart = { _ in self.counted += 1 }
            trace.connectDone = { _, _ in self.counted += 1 }
            trace.tlsHandshakeStart = { self.counted += 1 }
            trace.tlsHandshakeDone = { _, _ in self.counted += 1 }
            trace.wroteHeaderField = { _, _ in self.counted += 1 }
            trace.wroteHeaders = { self.counted += 1 }
            trace.wait100Continue = { self.counted += 1 }
            trace.wroteRequest = { _ in self.counted += 1 }
        }
    }
}
