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
        var connectionObserver: (@Sendable (TraceRecord) -> Void)?
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
            let keep = NetworkActor.assumingIsolation { (record: TraceRecord) in tally.keep(record) }
            watching.trace = ClientTrace { $0.event = keep }
            watching.connectionObserver = keep
        }
        return watching
    }
}

/// What was seen. Records are kept up to the size of a batch and then dropped, so memory doesn't grow with the run.
@NetworkActor
final class Tally {
    /// The program's own limit for a batch.
    private static let batchLimit = 8_192

    private(set) var count = 0
    private var batch: [TraceRecord] = []

    nonisolated init() {}

    func keep(_ record: TraceRecord) {
        count += 1
        batch.append(record)
        if batch.count == Self.batchLimit { batch.removeAll(keepingCapacity: true) }
    }

    nonisolated var countingTrace: ClientTrace {
        let count = NetworkActor.assumingIsolation { (_: Void) in self.count += 1 }
        let note: @Sendable () -> Void = { count(()) }
        return ClientTrace { trace in
            trace.getConn = { _ in note() }
            trace.gotConn = { _ in note() }
            trace.putIdleConn = { _ in note() }
            trace.gotFirstResponseByte = note
            trace.got100Continue = note
            trace.got1xxResponse = { _, _ in note() }
            trace.dnsStart = { _ in note() }
            trace.dnsDone = { _ in note() }
            trace.connectStart = { _ in note() }
            trace.connectDone = { _, _ in note() }
            trace.tlsHandshakeStart = note
            trace.tlsHandshakeDone = { _, _ in note() }
            trace.wroteHeaderField = { _, _ in note() }
            trace.wroteHeaders = note
            trace.wait100Continue = note
            trace.wroteRequest = { _ in note() }
        }
    }
}
