import HTTPTrace
import Sessions

/// A session on its way to disk while it happens, and what the person is to be told about that. Without a file it
/// does nothing.
@MainActor
final class SessionRecording {
    private let store: SessionStore?
    private var lastStatus: SessionStore.Status?

    /// Records nothing.
    init() { store = nil }

    /// - Parameter path: Nil records nothing.
    init(path: String?, clock: ClockAnchor) async throws(StoreProblem) {
        if let path { store = try await SessionStore.open(path: path, clock: clock) } else { store = nil }
        lastStatus = store?.status
    }

    var path: String? { store?.path }

    func begin(_ draft: RequestDraft, as id: ExchangeID, cause: Exchange.Cause, at time: Timestamp) {
        store?.begin(draft, as: id, cause: cause, at: time)
    }

    /// - Returns: What went wrong since the last call, in words; nil when all is well or the same.
    func take(_ report: Prober.Report) -> String? {
        guard let store else { return nil }
        store.begin(report.begun)
        store.apply(report.records)
        store.keep(report.bodies)
        let status = store.status
        guard status != lastStatus else { return nil }
        lastStatus = status
        switch status {
        case .recording, .closed: return nil
        case .behind(let records, let bodies):
            return "The disk is too slow: \(records) records and \(bodies) bodies are missing in \(store.path)."
        case .stopped(let problem): return "Nothing more is recorded: \(problem)"
        }
    }

    /// Exchanges that have ended by the latest report, as the session made them.
    func end(_ exchanges: [Exchange]) {
        if !exchanges.isEmpty { store?.end(exchanges) }
    }

    /// Returns when all that was taken is on disk.
    func close() async { await store?.close() }
}
