import HTTPTrace
import Sessions

/// Which of the requests of a headless run failed first, by their numbers: that is the order of the command line, in whichever
/// they end.
struct ProbeFailures {
    /// Whether a status of 400 or above is a failure.
    let countsStatus: Bool
    private var first: (id: ExchangeID, code: Int32)?
    /// Redirects that failed, and may lead on all the same.
    private var redirects: [ExchangeID: Int32] = [:]

    init(countsStatus: Bool) { self.countsStatus = countsStatus }

    /// What the program exits with; nil when nothing failed.
    var code: Int32? {
        let failed = redirects.map { (id: $0.key, code: $0.value) } + [first].compactMap { $0 }
        return failed.min { $0.id < $1.id }?.code
    }

    /// Takes in a request that has ended.
    mutating func note(_ exchange: borrowing Exchange) {
        guard let code = code(of: exchange) else { return }
        let id = exchange.id
        if exchange.leadsOn {
            redirects[id] = code
        } else if first.map({ id < $0.id }) ?? true {
            first = (id, code)
        }
    }

    /// A request that has ended led on to another: the end of the chain is what counts.
    mutating func forgive(_ id: ExchangeID) { redirects[id] = nil }

    private func code(of exchange: borrowing Exchange) -> Int32? {
        // curl with --fail looks no further than the head.
        if countsStatus, let status = exchange.response?.status, status >= 400 { return ProgramExit.status }
        return exchange.failure?.exitCode
    }
}
