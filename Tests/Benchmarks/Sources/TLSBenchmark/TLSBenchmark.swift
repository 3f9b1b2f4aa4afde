import Glibc
import HTTPClient
import HTTPTrace
import HTTPTypes
import Transport

// The engine over TLS as a contender: so many requests, on connections that are kept, or on a new one each. CPU time is
// measured from outside, by `run`, with everything the process did in it.

/// What each request costs beside itself.
enum Connections: String, CaseIterable {
    /// Nothing: they are kept.
    case kept
    /// A whole handshake.
    case new
    /// A handshake that resumes the session of an earlier one.
    case resumed
}

@main
struct TLSBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 7, let requests = Int(arguments[3]), let connections = Int(arguments[4]),
            requests > 0, connections > 0, let kind = Connections(rawValue: arguments[5]),
            ["unwatched", "recording"].contains(arguments[6])
        else {
            let kinds = Connections.allCases.map(\.rawValue).joined(separator: "|")
            print("usage: TLSBenchmark URL CA-FILE REQUESTS CONNECTIONS \(kinds) unwatched|recording")
            exit(2)
        }
        var request = ClientRequest(url: try TypedURL.parse(arguments[1]))
        if kind != .kept { request.fields[.connection] = "close" }
        var trust = TLSContext.ClientConfiguration()
        trust.caFile = arguments[2]
        trust.resumesSessions = kind == .resumed
        var configuration = try ClientConfiguration(tls: TLSContext(client: trust))
        configuration.pool.idlePerHost = connections
        configuration.pool.idleTotal = connections
        let seen = Count()
        let client = await Client(configuration)
        let trace = arguments[6] == "recording" ? await seen.trace : nil

        let start = SystemTime().now
        EventLoop.shared.resetLongestTurn()
        let load = await Load(client, request, requests)
        await load.run(over: connections, trace: trace)
        let seconds = (SystemTime().now - start).milliseconds / 1000
        let longest = EventLoop.shared.longestTurn.milliseconds
        print(
            #"{"requests": \#(requests), "failures": \#(await load.failures), "seconds": \#(seconds), "#
                + #""seen": \#(await seen.count), "longest_turn_ms": \#(longest)}"#)
    }
}

/// How many events were told of.
@NetworkActor
final class Count {
    private(set) var count = 0

    nonisolated init() {}

    var trace: ClientTrace {
        let note = NetworkActor.assumingIsolation { (_: TraceRecord) in self.count += 1 }
        return ClientTrace { $0.event = note }
    }
}

/// Requests to be sent; workers share them, so that all are busy to the end.
@NetworkActor
final class Load {
    private let client: Client
    private let request: ClientRequest
    private var unsent: Int
    private(set) var failures = 0

    init(_ client: Client, _ request: ClientRequest, _ count: Int) {
        self.client = client
        self.request = request
        unsent = count
    }

    func run(over connections: Int, trace: ClientTrace?) async {
        let workers = (0..<connections).map { _ in
            Task.onNetwork { [self] in await withClientTrace(only: trace) { await work() } }
        }
        for worker in workers { await worker.value }
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
