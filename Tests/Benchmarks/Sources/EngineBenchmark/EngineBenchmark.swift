import Glibc
import HTTPTrace
import Resident
import Transport

// The engine as a contender: so many requests, so many at a time, in one of three ways of being watched. CPU time is
// measured from outside, by `run`, with everything the process did in it; or from inside, with the three taking turns.

@main
struct EngineBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard (5...6).contains(arguments.count), let requests = Int(arguments[2]),
            let connections = Int(arguments[3]), requests > 0, connections > 0
        else { refuse() }
        if arguments[4] == "turns" {
            guard arguments.count == 6, let rounds = Int(arguments[5]), rounds > 0 else { refuse() }
            let turns = Turns(url: arguments[1], connections: connections, requests: requests)
            let (microseconds, failures) = try await turns.run(rounds: rounds)
            print(#"{"requests": \#(requests), "failures": \#(failures), "rounds": \#(microseconds)}"#)
            return
        }
        guard let watcher = Watcher(rawValue: arguments[4]),
            let carrier = arguments.count == 5 ? .kept : Carrier(rawValue: arguments[5])
        else { refuse() }
        let engine = try await Engine(arguments[1], carrier, connections, watcher)
        let start = SystemTime().now
        let failures = await engine.send(requests)
        let seconds = (SystemTime().now - start).milliseconds / 1000
        let open = await engine.client.poolSnapshot.total.idle
        print(
            #"{"requests": \#(requests), "failures": \#(failures), "seconds": \#(seconds), "seen": \#(await engine.watching.seen), "#
                + #""open": \#(open), "resident": \#(Resident.now)}"#)
    }

    private static func refuse() -> Never {
        let watchers = Watcher.allCases.map(\.rawValue).joined(separator: "|")
        let carriers = Carrier.allCases.map(\.rawValue).joined(separator: "|")
        print("usage: EngineBenchmark URL REQUESTS CONNECTIONS \(watchers) [\(carriers)]")
        print("       EngineBenchmark URL REQUESTS CONNECTIONS turns ROUNDS")
        exit(2)
    }
}
