import HTTPServer
import HTTPTrace
import Transport

/// Where a server's events go, once there is a recorder for them: the server has to start first, since the client must
/// know its certificate.
@NetworkActor
final class ServerEventRelay {
    private var receiver: ServerObserver?

    nonisolated init() {}

    nonisolated var observer: ServerObserver { { [self] record in receiver?(record) } }

    func pass(to receiver: @escaping ServerObserver) { self.receiver = receiver }
}

/// Where reports go once there is an interface to receive them.
@MainActor
final class ReportRelay {
    var receiver: ((Prober.Report) -> Void)?

    nonisolated init() {}

    func pass(_ report: Prober.Report) { receiver?(report) }
}
