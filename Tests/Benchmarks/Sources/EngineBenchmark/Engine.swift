import HTTPClient
import HTTPTrace
import Transport

/// What carries the requests.
enum Carrier: String, CaseIterable {
    /// HTTP/1.1 on connections that are kept.
    case kept
    /// HTTP/1.1 on a new connection for each.
    case new
    /// HTTP/2, over TLS, on as few connections as the client wants.
    case h2
}

/// A client of its own, watched in one way.
struct Engine {
    let client: Client
    let watching: Watcher.Watching
    private let request: ClientRequest
    private let connections: Int

    /// - Parameter connections: How many requests are under way at a time.
    init(_ url: String, _ carrier: Carrier, _ connections: Int, _ watcher: Watcher) async throws {
        var request = ClientRequest(url: try TypedURL.parse(url))
        if carrier == .new { request.fields[.connection] = "close" }
        self.request = request
        self.connections = connections
        watching = watcher.begin()
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
        client = await Client(configuration)
    }

    /// - Returns: How many failed or were answered with something else than 200.
    func send(_ requests: Int) async -> Int {
        await Workload(client, request, requests).run(over: connections, trace: watching.trace)
    }
}
