import Glibc
import HTTPClient
import HTTPTrace
import Resident
import Transport

// The engine as a contender: so many requests over so many connections, in one of three ways of being watched.
// CPU time is measured from outside, by `run`, with everything the process did in it.

@main
struct EngineBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let requests = Int(arguments[2]), let connections = Int(arguments[3]),
            requests > 0, connections > 0, let watcher = Watcher(rawValue: arguments[4])
        else {
            let watchers = Watcher.allCases.map(\.rawValue).joined(separator: "|")
            print("usage: EngineBenchmark URL REQUESTS CONNECTIONS \(watchers)")
            exit(2)
        }
        let url = try TypedURL.parse(arguments[1])
        let watching = watcher.begin()
        // Nothing is encrypted here; reading the system's roots would only lengthen the start.
        var unused = TLSContext.ClientConfiguration()
        unused.verify = false
        unused.usesSystemRoots = false
        var configuration = try ClientConfiguration(tls: TLSContext(client: unused), resolver: SystemResolver.shared)
        configuration.pool.idlePerHost = connections
        configuration.pool.idleTotal = connections
        configuration.connectionObserver = watching.connectionObserver
        let client = await Client(configuration)

        let start = SystemTime().now
        let failures = await Workload(client, url, requests).run(over: connections, trace: watching.trace)
        let seconds = (SystemTime().now - start).milliseconds / 1000
        let open = await client.poolSnapshot.total.idle
        print(
            #"{"requests": \#(requests), "failures": \#(failures), "seconds": \#(seconds), "seen": \#(await watching.seen), "#
                + #""open": \#(open), "resident": \#(Resident.now)}"#)
    }
}
