public import HTTPTrace
public import HTTPTypes
internal import Transport

/// A response whose head has arrived. Its body comes as it is read.
public struct Response: Sendable {
    public let head: ResponseHead
    /// Read it to its end, or drop it: a body that is not read keeps its connection busy.
    public let body: BodyStream
    /// After a 101, or a CONNECT that was granted: the connection, which is the caller's from then on. Nil otherwise, and
    /// when the server agreed before it had the whole request.
    public let upgraded: UpgradedStream?

    public var status: Int { head.status }
}

/// A response's body, piece by piece as it arrives. Can be read once: copies share what is left.
///
/// Dropping all copies before its end closes the connection, since what is left would be the next response's beginning.
public struct BodyStream: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = HTTPTrace.Failure

    private let trip: RoundTrip

    init(_ trip: RoundTrip) { self.trip = trip }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let body: BodyStream

        public func next(isolation: isolated (any Actor)?) async throws(HTTPTrace.Failure) -> [UInt8]? {
            try await body.next()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}

@NetworkActor
extension BodyStream {
    /// The next piece, never empty; nil at the end.
    ///
    /// - Throws: Why the rest will not come. Bytes already given stay true.
    public func next() async throws(HTTPTrace.Failure) -> [UInt8]? {
        while true {
            // Most often the rest came with the head.
            if let piece = takePiece() { return piece.bytes }
            try await arrival()
        }
    }

    /// What is here already; nil when it must be waited for. For readers of many bodies: a call that might wait is not free.
    package func takePiece() -> BodyPiece? { trip.takePiece() }

    /// Waits for something to take. It may end early: look, and wait again.
    ///
    /// - Throws: Why nothing more will come.
    package func arrival() async throws(HTTPTrace.Failure) {
        let trip = trip
        await withTaskCancellationHandler {
            await trip.awaitPiece()
        } onCancel: {
            trip.cancelSoon()
        }
        if let failure = trip.failure { throw failure }
    }

    /// The whole rest. For bodies known to be small.
    ///
    /// - Throws: `.tooLarge` past `limit`; what `next` throws.
    public func collect(upTo limit: Int) async throws(HTTPTrace.Failure) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            guard let piece = takePiece() else {
                try await arrival()
                continue
            }
            guard let chunk = piece.bytes else { return all }
            guard all.count + chunk.count <= limit else {
                let failure = HTTPTrace.Failure(.tooLarge, phase: .receive, "the body is larger than \(limit) bytes")
                trip.abort(because: failure)
                throw failure
            }
            if all.isEmpty { all = chunk } else { all += chunk }
        }
    }

    /// Gives up the rest, at once: the connection is closed. Afterwards there is nothing to read.
    public func abandon() { trip.abandon() }

    /// Whether the last event of its request has been told. A body that has ended or was given up may leave something to do for
    /// the connection's sake: the rest of a request that was answered early, or of a body that nobody wants.
    public var isSettled: Bool { trip.tracer.isOver }

    /// Waits for that, after the end or `abandon`: `PoolSettings.settlingTime` at most. Not cut short by cancelling the task.
    public func settled() async {
        if !trip.tracer.isOver { await trip.tracer.finished() }
    }

    /// Trailer fields; nil before the end, and without a trailer section.
    public var trailers: HTTPFields? { trip.trailers }
}
