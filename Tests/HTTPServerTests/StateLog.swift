import HTTPTrace
import Transport

@testable import HTTPServer

/// Keeps what a server says about its connections, and lets a test wait for it.
@NetworkActor
final class StateLog {
    private let list = ObservedList<ServerConnectionChange>()

    nonisolated init() {}

    var changes: [ServerConnectionChange] { list.elements }

    nonisolated var observer: ConnectionStateObserver { { [list] in list.append($0) } }

    /// What a connection went through, counted from 1.
    func states(of number: Int = 1) -> [ConnectionState] {
        changes.filter { $0.connection.number == number }.map(\.state)
    }

    /// Waits until a connection is closed, and says why it was.
    func closing(of number: Int = 1) async -> ServerCloseReason? {
        await until { $0.contains { $0.connection.number == number && $0.state == .closed } }
        return changes.last { $0.connection.number == number }?.closeReason
    }

    /// Waits until a connection is in `state`.
    func reaches(_ state: ConnectionState, _ number: Int = 1) async {
        await until { $0.last { $0.connection.number == number }?.state == state }
    }

    func until(_ isMet: @escaping ([ServerConnectionChange]) -> Bool) async { await list.until(isMet) }
}

/// Something a test waits for and a handler does, or the other way round.
@NetworkActor
final class Gate {
    private var isOpen = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    nonisolated init() {}

    func open() {
        isOpen = true
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    func passes() async {
        await withCheckedContinuation { continuation in
            if isOpen { continuation.resume() } else { waiters.append(continuation) }
        }
    }
}

extension Server {
    /// A server whose connections are logged, answering `ok` unless told otherwise.
    static func logged(
        _ log: StateLog = StateLog(), _ configuration: ServerConfiguration = ServerConfiguration(),
        handler: @escaping ServerHandler = { _, responder in try await responder.send(.text(), Array("ok".utf8)) }
    ) async throws -> Server {
        try await Server.start(configuration, connectionState: log.observer, handler: handler)
    }
}
