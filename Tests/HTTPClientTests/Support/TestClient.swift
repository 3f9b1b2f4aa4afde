import HTTPTrace
import Testing
import Transport

@testable import HTTPClient

/// A client with both logs attached, for one test.
@NetworkActor
struct TestClient {
    let client: Client
    /// What the request's trace was told.
    let events = EventLog()
    /// What the connections' observer was told.
    let connections = EventLog()

    init(_ configure: (inout ClientConfiguration) -> Void = { _ in }) throws {
        var configuration = try ClientConfiguration()
        configuration.connectionObserver = connections.observer
        configure(&configuration)
        client = Client(configuration)
    }

    /// Sends a request and reads its body to the end.
    @discardableResult
    func fetch(_ request: ClientRequest) async throws(Failure) -> (status: Int, body: String) {
        let result = await withClientTrace(events.trace) {
            await Result.of { () async throws(Failure) in
                let response = try await client.send(request)
                return (
                    response.status, String(decoding: try await response.body.collect(upTo: 1 << 24), as: UTF8.self)
                )
            }
        }
        return try result.get()
    }

    @discardableResult
    func fetch(_ url: RequestURL) async throws(Failure) -> (status: Int, body: String) {
        try await fetch(ClientRequest(url: url))
    }

    /// What goes wrong with a request that must go wrong.
    func failure(of request: ClientRequest) async -> Failure? {
        do throws(Failure) {
            _ = try await fetch(request)
            return nil
        } catch {
            return error
        }
    }
}

/// Waits for a condition that another task brings about. One that never comes is a failure, not a run that never ends.
@NetworkActor
func until(sourceLocation: SourceLocation = #_sourceLocation, _ condition: @NetworkActor () -> Bool) async {
    // On two processors all tests together take a minute, in which a task may wait that long for a thread.
    let end = EventLoop.shared.now + .seconds(180)
    while !condition() {
        guard EventLoop.shared.now < end else {
            Issue.record("Waited three minutes in vain.", sourceLocation: sourceLocation)
            return
        }
        await pause()
    }
}

/// Lets a turn of the loop pass.
@NetworkActor
private func pause() async {
    await withUnsafeContinuation { continuation in
        EventLoop.shared.schedule(at: EventLoop.shared.now + .milliseconds(1)) { continuation.resume() }
    }
}
