import Glibc
import HTTPClient
import HTTPTrace
import HTTPTypes
import Resident
import Transport

// The engine as a contender: so many requests, so many at a time, in one of three ways of being watched. CPU time is
// measured from outside, by `run`, with everything the process did in it.

/// What carries the requests.
enum Carrier: String, CaseIterable {
    /// HTTP/1.1 on connections that are kept.
    case kept
    /// HTTP/1.1 on a new connection for each.
    case new
    /// HTTP/2, over TLS, on as few connections as the client wants.
    case h2
}

@main
struct EngineBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard (5...6).contains(arguments.count), let requests = Int(arguments[2]),
            let connections = Int(arguments[3]), requests > 0, connections > 0,
            let watcher = Watcher(rawValue: arguments[4]),
            let carrier = arguments.count == 5 ? .kept : Carrier(rawValue: arguments[5])
        else {
            let watchers = Watcher.allCases.map(\.rawValue).joined(separator: "|")
            let carriers = Carrier.allCases.map(\.rawValue).joined(separator: "|")
            print("usage: EngineBenchmark URL REQUESTS CONNECTIONS \(watchers) [\(carriers)]")
            exit(2)
        }
        var request = ClientRequest(url: try TypedURL.parse(arguments[1]))
        if carrier == .new { request.fields[.connection] = "close" }
        let watching = watcher.begin()
        // Nothing is encrypted here but HTTP/2, in a handful of handshakes; reading the system's roots would only lengthen
        // the start.
        var unused = TLSContext.ClientConfiguration()
        unused.verify = false
        unused.usesSystemRoots = false
        var configuration = try ClientConfiguration(tls: TLSContext(client: unused), resolver: SystemResolver.shared)
        configuration.versions = carrier == .h2 ? .http2Only : .http1Only
        configuration.pool.idlePerHost = connections
        configuration.pool.idleTotal = connections
        configuration.connectionBuffer = watching.connectionBuffer
        let client = await Client(configuration)

        let start = SystemTime().now
        let failures = await Workload(client, request, requests).run(over: connections, trace: watching.trace)
        let seconds = (SystemTime().now - start).milliseconds / 1000
        let open = await client.poolSnapshot.total.idle
        print(
            #"{"requests": \#(requests), "failures": \#(failures), "seconds": \#(seconds), "seen": \#(await watching.seen), "#
                + #""open": \#(open), "resident": \#(Resident.now)}"#)
    }
}
