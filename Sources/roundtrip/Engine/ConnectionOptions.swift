import ArgumentParser
import HTTPClient

/// How many connections, for how long, and how long each step may take. curl's names where it has them.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Connections at the same time, in all.", valueName: "count"))
    var maxConnections: Count?

    @Option(help: ArgumentHelp("Connections at the same time, to one host.", valueName: "count"))
    var maxConnectionsPerHost: Count?

    @Option(help: ArgumentHelp("Idle connections kept, in all.", valueName: "count"))
    var maxIdle: Count?

    @Option(help: ArgumentHelp("Idle connections kept, to one host.", valueName: "count"))
    var maxIdlePerHost: Count?

    @Option(help: ArgumentHelp("Requests a connection carries before it is closed.", valueName: "count"))
    var maxUses: Count?

    @Option(help: ArgumentHelp("How old a connection may be and still be used again.", valueName: "seconds"))
    var maxAge: Seconds?

    @Option(help: ArgumentHelp("How long a connection may be idle before it is closed.", valueName: "seconds"))
    var idleTimeout: Seconds?

    @Flag(help: "Use a new connection for every request, and say so to the server.")
    var noReuse = false

    @Option(help: ArgumentHelp("Longest time for a TLS handshake.", valueName: "seconds"))
    var tlsTimeout: Seconds?

    @Option(help: ArgumentHelp("Longest time from the sent request to the response's head.", valueName: "seconds"))
    var responseTimeout: Seconds?

    @Option(
        name: .customLong("expect100-timeout"),
        help: ArgumentHelp(
            "How long a body waits for 100 Continue before it is sent all the same.", valueName: "seconds"))
    var expect100Timeout: Seconds?

    @Flag(help: "Tell of every HTTP/2 frame, sent and received, as an event.")
    var frames = false

    @Flag(help: "Let requests wait while an HTTP/2 connection is full, rather than open another.")
    var waitForStreams = false

    @Option(
        help: ArgumentHelp(
            "Ask an HTTP/2 server for a sign of life after so long a silence during a request.", valueName: "seconds"))
    var pingInterval: Seconds?

    func apply(to configuration: inout ClientConfiguration) {
        if noReuse { configuration.pool.keepsAlive = false }
        if let maxConnections { configuration.pool.openTotal = maxConnections.number }
        if let maxConnectionsPerHost { configuration.pool.openPerHost = maxConnectionsPerHost.number }
        if let maxIdle { configuration.pool.idleTotal = maxIdle.number }
        if let maxIdlePerHost { configuration.pool.idlePerHost = maxIdlePerHost.number }
        if let maxUses { configuration.pool.maximumUses = maxUses.number }
        if let maxAge { configuration.pool.maximumAge = maxAge.duration }
        if let idleTimeout { configuration.pool.idleTimeout = idleTimeout.duration }
        if let tlsTimeout { configuration.tlsHandshakeTimeout = tlsTimeout.duration }
        if let responseTimeout { configuration.responseHeaderTimeout = responseTimeout.duration }
        configuration.observesFrames = frames
        configuration.pool.waitsForStreams = waitForStreams
        if let pingInterval { configuration.pingInterval = pingInterval.duration }
        if let expect100Timeout { configuration.expectContinueTimeout = expect100Timeout.duration }
    }
}
