import Glibc

/// All ways of being watched by turns, in one process: what the machine's host does meanwhile, for seconds at a time, then
/// meets all of them alike. Each turn has a client of its own, whose connections stand before the clock starts.
///
/// No turn's connections live into the next one, since what one asks of the kernel may cost the others: where one socket
/// wants to know when its bytes came, every packet is stamped.
struct Turns {
    let url: String
    let connections: Int
    /// Of each turn.
    let requests: Int

    /// - Returns: For each round, microseconds of processor time a request took, in `Watcher.allCases`' order; and how many
    ///   requests failed.
    func run(rounds: Int) async throws -> (microseconds: [[Double]], failures: Int) {
        var microseconds: [[Double]] = []
        var failures = 0
        for round in 0..<rounds {
            var taken: [Watcher: Double] = [:]
            for watcher in round.isMultiple(of: 2) ? Watcher.allCases : Watcher.allCases.reversed() {
                let engine = try await Engine(url, .kept, connections, watcher)
                failures += await engine.send(10 * connections)
                let start = processorSeconds
                failures += await engine.send(requests)
                taken[watcher] = (processorSeconds - start) * 1e6 / Double(requests)
                await engine.client.shutDown()
            }
            microseconds.append(Watcher.allCases.map { taken[$0]! })
        }
        return (microseconds, failures)
    }

    /// What this process has used so far, the kernel's part included.
    private var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
