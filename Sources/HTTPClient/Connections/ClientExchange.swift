internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

/// One request and its response, over either protocol: what a round trip and a body's reader need to know of it.
@NetworkActor
enum ClientExchange {
    case http1(HTTP1Exchange)
    case http2(HTTP2Exchange)

    var connectionID: ConnectionID {
        switch self {
        case .http1(let exchange): exchange.connection.id
        case .http2(let exchange): exchange.connection.id
        }
    }

    /// Go's meaning: the connection had been in the pool before.
    var isReused: Bool {
        switch self {
        case .http1(let exchange): exchange.connection.isReused
        case .http2(let exchange): exchange.isReused
        }
    }

    var head: ResponseHead? {
        switch self {
        case .http1(let exchange): exchange.head
        case .http2(let exchange): exchange.head
        }
    }

    /// The same without a reference to it.
    var hasHead: Bool {
        switch self {
        case .http1(let exchange): exchange.head != nil
        case .http2(let exchange): exchange.head != nil
        }
    }

    var isEnded: Bool {
        switch self {
        case .http1(let exchange): exchange.isEnded
        case .http2(let exchange): exchange.isEnded
        }
    }

    var gotFirstByte: Bool {
        switch self {
        case .http1(let exchange): exchange.gotFirstByte
        case .http2(let exchange): exchange.gotFirstByte
        }
    }

    /// Where it is, as its events tell: `receive` begins with the first byte of an answer, but anew after each 1xx.
    var phase: Phase {
        switch self {
        case .http1(let exchange): exchange.phase
        case .http2(let exchange): exchange.phase
        }
    }

    /// Whether the kernel has taken any of the request. To be asked before the connection is closed.
    var hasSent: Bool {
        switch self {
        case .http1(let exchange): exchange.hasSent
        case .http2(let exchange): exchange.hasSent
        }
    }

    /// Whether bytes were taken from a body that can be read only once: it can't be sent again then.
    var hasTakenFromStream: Bool {
        switch self {
        // Nothing is taken before the kernel has the head, after which nothing of the kind is sent again.
        case .http1: false
        case .http2(let exchange): exchange.hasTakenFromStream
        }
    }

    var trailers: HTTPFields? {
        switch self {
        case .http1(let exchange): exchange.trailers
        case .http2(let exchange): exchange.trailers
        }
    }

    /// Set with the end, when the connection speaks another protocol from there on (HTTP/1).
    var upgraded: UpgradedStream? {
        switch self {
        case .http1(let exchange): exchange.upgraded
        case .http2: nil
        }
    }

    /// Why it is to end, when somebody outside decided so.
    var abortion: Failure? {
        switch self {
        case .http1(let exchange): exchange.abortion
        case .http2(let exchange): exchange.abortion
        }
    }

    /// What of the body is here already; nil when it must be waited for.
    func takePiece() -> BodyPiece? {
        switch self {
        case .http1(let exchange): exchange.takePiece()
        case .http2(let exchange): exchange.takePiece()
        }
    }

    /// Whether `takePiece` has something to give.
    var hasPiece: Bool {
        switch self {
        case .http1(let exchange): exchange.hasPiece
        case .http2(let exchange): exchange.hasPiece
        }
    }

    /// Whether the server can't send, since what came before waits to be taken.
    var isFull: Bool {
        switch self {
        case .http1(let exchange): exchange.connection.isFull
        case .http2(let exchange): exchange.isFull
        }
    }

    /// Looks for news, and whether there are none and the task is to `park`, with nothing between. `head`, `takePiece` and
    /// `isEnded` say what the news are; there may be none after all.
    ///
    /// - Throws: What ended it, once what came before has been looked at.
    func mustPark() throws(ExchangeProblem) -> Bool {
        switch self {
        case .http1(let exchange): try exchange.mustPark()
        case .http2(let exchange): try exchange.mustPark()
        }
    }

    /// Ends it wherever it is: `mustPark` throws, and the failure is to be taken from here.
    func abort(because failure: Failure) {
        switch self {
        case .http1(let exchange): exchange.abort(because: failure)
        case .http2(let exchange): exchange.abort(because: failure)
        }
    }

    /// The reader of the body went away before its end.
    func abandon() {
        switch self {
        case .http1(let exchange): exchange.abandon()
        case .http2(let exchange): exchange.abandon()
        }
    }

    /// Ends it as failed. The exchange's last event is left to the round trip, which may try again.
    func fail(_ failure: Failure) {
        switch self {
        case .http1(let exchange): exchange.fail(failure)
        case .http2(let exchange): exchange.fail(failure)
        }
    }
}

/// Why an attempt failed, before anybody decided what that means.
// Indirect: every exchange has room for one, and hardly any has one.
indirect enum ExchangeProblem: Error {
    case stream(StreamError)
    case wire(WireError)
    /// A `got1xxResponse` hook wanted no more.
    case hook(any Error)
    /// HTTP/2: the server says that it did nothing about the request, and in which way it said so.
    case refused(String)
    /// HTTP/2: the server ended the connection over the first request on it, and in which words. On another connection it
    /// would do the same.
    case turnedAway(String)
    /// HTTP/2: the server ended the stream.
    case reset(HTTP2ErrorCode)
}

/// A part of a body.
package enum BodyPiece {
    /// As it arrived, never empty.
    case bytes([UInt8])
    case end

    /// Nil for the end.
    package var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
}
