internal import HTTPTrace
internal import Transport

// A client that takes nothing for a while stops whoever writes to it: the answer, and what a handler that reads at the same
// time writes beside it, an early answer or the invitation to send the body. One of them waits at the socket, the others
// for that one. The limit is apart from the connection's other one, which may be watching the body meanwhile.

/// Waits for room in a socket, for one connection over HTTP/1. Made when the first one has to.
@NetworkActor
final class WriteWait {
    private let watchdog: Watchdog
    private var isAtSocket = false
    /// Those who wait for the one at the socket.
    private(set) var others: [WaitingPlace] = []

    /// - Parameter onTimeout: The client took nothing for too long.
    init(onTimeout: @escaping @NetworkActor (ServerWait) -> Void) {
        watchdog = Watchdog(onTimeout: onTimeout)
    }

    /// Returns when writing is worth a try again.
    func room(in stream: any ByteStream, within limit: Duration) async throws(StreamError) {
        guard !isAtSocket else {
            let place = WaitingPlace()
            others.append(place)
            return await place.wait()
        }
        isAtSocket = true
        watchdog.watch(.write, for: limit)
        defer {
            isAtSocket = false
            watchdog.relax()
            for place in others { place.wake() }
            others = []
        }
        try await stream.writable()
    }

    /// For the end of the connection.
    func stop() { watchdog.stop() }
}
