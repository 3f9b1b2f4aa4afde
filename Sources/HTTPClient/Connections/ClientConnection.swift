internal import HTTPTrace
internal import Transport

/// A connection of the pool, of either protocol.
@NetworkActor
enum ClientConnection {
    case http1(HTTP1Connection)
    case http2(HTTP2Connection)

    var id: ConnectionID {
        switch self {
        case .http1(let connection): connection.id
        case .http2(let connection): connection.id
        }
    }

    var facts: ConnectionFacts {
        switch self {
        case .http1(let connection): connection.facts
        case .http2(let connection): connection.facts
        }
    }

    /// As traces are told.
    var ends: ConnectionEnds {
        switch self {
        case .http1(let connection): connection.ends
        case .http2(let connection): connection.ends
        }
    }

    /// Requests it has carried, the present one included.
    var uses: Int {
        switch self {
        case .http1(let connection): connection.uses
        case .http2(let connection): connection.uses
        }
    }

    func beginUse(reused: Bool) {
        switch self {
        case .http1(let connection): connection.beginUse(reused: reused)
        case .http2(let connection): connection.beginUse()
        }
    }

    /// Closes it at once; whoever waits on it is told.
    func abort() {
        switch self {
        case .http1(let connection): connection.abort()
        case .http2(let connection): connection.abort()
        }
    }
}

/// What the pool gives a request: a whole connection, or room for one exchange on a shared one.
@NetworkActor
enum LeasedConnection {
    case http1(HTTP1Connection)
    case http2(HTTP2Exchange)

    /// The request does not want it any more.
    func release(_ tracer: Tracer) {
        switch self {
        case .http1(let connection):
            // Nobody watched it since it was handed over.
            if let reason = connection.reasonNotToRest() { return connection.discard(because: reason) }
            connection.release(tracer)
        case .http2(let exchange): exchange.giveBack()
        }
    }
}
