import HTTPClient
import HTTPTrace
import Transport

/// Requests to be sent; workers share them, so that all are busy to the end.
@NetworkActor
final class Workload {
    private let client: Client
    private let request: ClientRequest
    private var unsent: Int
    private var failures = 0

    init(_ client: Client, _ request: ClientRequest, _ requests: Int) {
        self.client = client
        self.request = request
        unsent = requests
    }

    /// Sends them all, `connections` at a time, and reads each body to its end.
    ///
    /// - Returns: How many failed or were answered with something else than 200.
    func run(over connections: Int, trace: ClientTrace?) async -> Int {
        let workers = (0..<connections).map { _ in
            Task.onNetwork { [self] in await withClientTrace(only: trace) { await work() } }
        }
        for worker in workers { await worker.value }
        return failures
    }

    private func work() async {
        while unsent > 0 {
            unsent -= 1
            do throws(Failure) {
                let response = try await client.send(request)
                _ = try await response.body.collect(upTo: 1 << 20)
                if response.status != 200 { failures += 1 }
            } catch {
                failures += 1
            }
        }
    }
}
