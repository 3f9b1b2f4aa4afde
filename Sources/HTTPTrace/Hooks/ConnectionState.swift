/// What a server's connection is doing, as Go's `http.Server.ConnState` reports it.
///
///                 head read          response ended
///     (accept) new ───────▶ active ─────────────────▶ idle
///               │             │ ▲                      │ │
///               │             │ └── next head read ────┘ │
///               │             ├──────▶ hijacked          │
///               └─────────────┴──────▶ closed ◀──────────┘
///
/// `hijacked` and `closed` are final for the server.
public enum ConnectionState: String, Hashable, Sendable, CaseIterable, Codable {
    /// Accepted; before any TLS handshake. Expected to send a request at once.
    case new
    /// A request's head has been read completely (Go documents the first byte, but does this).
    case active
    /// A response has ended and the connection is kept for another request.
    case idle
    /// Taken over by a handler; the server no longer knows what happens on it.
    case hijacked
    /// Closed, by either side.
    case closed
}
