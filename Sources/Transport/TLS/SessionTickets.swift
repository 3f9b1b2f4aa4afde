internal import COpenSSL
internal import Glibc
internal import Synchronization

// What servers gave us to take up a session again: their tickets, and TLS 1.2's session ids. A new connection to the same
// host and port offers the newest. A ticket of TLS 1.3 is offered once, so that nobody who listens can tell two connections to
// be the same client's (RFC 8446 §C.4); each connection brings new ones.

/// The sessions a client may resume, by host and port.
final class SessionTickets: Sendable {
    /// A session of OpenSSL's, which counts its references.
    struct Ticket: @unchecked Sendable {
        let session: OpaquePointer

        /// Hands it over to a new connection.
        ///
        /// - Returns: Whether it will be offered.
        func offer(to ssl: OpaquePointer) -> Bool {
            defer { SSL_SESSION_free(session) }
            return SSL_set_session(ssl, session) == 1
        }
    }

    private struct Store {
        var tickets: [String: [Ticket]] = [:]
        /// Those heard of last are at the end.
        var keys: [String] = []
    }

    private let store = Mutex(Store())

    /// Servers send two for each handshake: enough for a few connections opened at once.
    static let ticketsPerKey = 4
    /// A ticket with its chain takes about 10 kB.
    static let keyLimit = 256

    deinit {
        store.withLock { store in
            for ticket in store.tickets.values.joined() { SSL_SESSION_free(ticket.session) }
        }
    }

    /// Keeps a session, whose reference it takes over.
    func keep(_ session: OpaquePointer, for key: String) {
        store.withLock { store in
            if let place = store.keys.firstIndex(of: key) { store.keys.remove(at: place) }
            store.keys.append(key)
            if store.keys.count > Self.keyLimit {
                for ticket in store.tickets.removeValue(forKey: store.keys.removeFirst()) ?? [] {
                    SSL_SESSION_free(ticket.session)
                }
            }
            var tickets = store.tickets[key] ?? []
            tickets.append(Ticket(session: session))
            if tickets.count > Self.ticketsPerKey { SSL_SESSION_free(tickets.removeFirst().session) }
            store.tickets[key] = tickets
        }
    }

    /// The newest that can still be used, with a reference of its own; nil without one.
    func take(for key: String) -> Ticket? {
        store.withLock { store in
            while let ticket = store.tickets[key]?.popLast() {
                guard canBeOffered(ticket.session) else {
                    SSL_SESSION_free(ticket.session)
                    continue
                }
                if SSL_SESSION_get_protocol_version(ticket.session) < TLS1_3_VERSION {
                    // Good for any number of connections, in its time.
                    SSL_SESSION_up_ref(ticket.session)
                    store.tickets[key]?.append(ticket)
                }
                return ticket
            }
            return nil
        }
    }
}

// OpenSSL looks neither at the age of a session of TLS 1.2 nor at the certificate, which may have run out meanwhile: it
// would not be shown again.
private func canBeOffered(_ session: OpaquePointer) -> Bool {
    guard SSL_SESSION_is_resumable(session) == 1 else { return false }
    let age = time(nil) - Int(SSL_SESSION_get_time(session))
    let hint = Int(clamping: SSL_SESSION_get_ticket_lifetime_hint(session))
    let lifetime = hint > 0 ? hint : Int(SSL_SESSION_get_timeout(session))
    guard age >= 0, age < lifetime else { return false }
    guard let leaf = SSL_SESSION_get0_peer(session) else { return true }
    return X509_cmp_current_time(X509_get0_notAfter(leaf)) > 0
}

extension TLSSession {
    /// Called by OpenSSL with a session that can be resumed: at once in TLS 1.2, when a ticket comes in TLS 1.3.
    ///
    /// - Returns: 1 when it was kept.
    static func keepTicket(_ ssl: OpaquePointer?, _ session: OpaquePointer?) -> Int32 {
        guard let session, let owner = TLSSession.of(ssl), let key = owner.ticketKey,
            let tickets = owner.context.tickets
        else { return 0 }
        tickets.keep(session, for: key)
        return 1
    }
}
