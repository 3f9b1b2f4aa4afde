import Glibc
import HTTPServer
import HTTPTypes
import Transport

// Our server as a contender: the same small answer as the others give, until it is ended. It says its port on a line of
// its own. With `h2` it speaks HTTP/2 over TLS. CPU time is measured from outside, by `run`, with everything the process
// did in it.

@main
struct ServerBenchmark {
    static func main() async throws {
        let watchers = ["unwatched", "states", "events"]
        let isHTTP2 = CommandLine.arguments.count == 3 && CommandLine.arguments[2] == "h2"
        guard CommandLine.arguments.count == 2 || isHTTP2,
            let watcher = watchers.firstIndex(of: CommandLine.arguments[1])
        else {
            print("usage: ServerBenchmark \(watchers.joined(separator: "|")) [h2]")
            exit(2)
        }
        let count = Count()
        var configuration = ServerConfiguration()
        if isHTTP2 {
            let identity = CertificateAuthority().issue(for: ["127.0.0.1"])
            configuration.tls = try TLSContext(server: identity, applicationProtocols: ["h2", "http/1.1"])
        }
        if watcher == 2 { configuration.observer = { _ in count.value += 1 } }
        var states: ConnectionStateObserver?
        if watcher == 1 { states = { _ in count.value += 1 } }
        let answer = Array("hello\n".utf8)
        let response = HTTPResponse(status: .ok, headerFields: [.contentType: "text/plain"])
        let server = try await Server.start(configuration, connectionState: states) { _, responder in
            try await responder.send(response, answer)
        }
        print(server.address.port)
        fflush(nil)
        // Until it is killed.
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}

/// What the watchers count: proof that they were called.
@NetworkActor
private final class Count {
    var value = 0
    nonisolated init() {}
}
