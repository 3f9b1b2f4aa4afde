internal import HTTPTrace
internal import Transport

/// Puts TLS over a stream, within a time limit, and tells how it went: to an origin, and to a proxy that is spoken to
/// over TLS.
@NetworkActor
struct Handshake {
    let context: TLSContext
    /// Nil waits for ever.
    let limit: Duration?
    /// Offered by ALPN, the favourite first; nil offers what the context says.
    var applicationProtocols: [String]?
    /// Whether `record` is told of every message, until the first bytes have come from above.
    var tellsMessages = false
    var loop = EventLoop.shared

    /// Agrees on keys with `origin` over `lower`, which is closed when that fails.
    ///
    /// - Parameters:
    ///   - origin: Whose certificate it must be, and whose earlier sessions may be resumed.
    ///   - record: Told of the start, of messages where wanted, and of one done.
    /// - Throws: Why not. Cancelling the task ends it at once.
    func run(
        over lower: any ByteStream, with origin: Origin, record: @escaping @NetworkActor (TraceEvent) -> Void
    ) async throws(Failure) -> (TLSStream, TLSFacts) {
        // A client's requests over TLS have waited for that before they began; where a proxy alone is spoken to over TLS, it is
        // part of nothing either.
        await context.ready()
        record(.tlsHandshakeStart)
        let stream: TLSStream
        do throws(TLSError) {
            stream = try TLSStream(
                over: lower, client: context, host: origin.host, resuming: origin.hostPort,
                applicationProtocols: applicationProtocols)
            if tellsMessages { stream.onMessage = { record(.tlsMessage($0)) } }
        } catch {
            let facts = TLSFacts(version: "", cipher: "", alpn: nil, serverName: nil)
            throw failed(lower, origin.host, error, facts, record)
        }

        var hasTimedOut = false
        let timer = limit.map { limit in
            loop.schedule(at: loop.now + limit) {
                hasTimedOut = true
                lower.close()
            }
        }
        defer { if let timer { loop.cancel(timer) } }
        do throws(TLSError) {
            let result = await withTaskCancellationHandler {
                await Result.of { () async throws(TLSError) in try await stream.handshake() }
            } onCancel: { [loop] in
                loop.execute { lower.close() }
            }
            let facts = try result.get()
            record(.tlsHandshakeDone(facts, nil))
            return (stream, facts)
        } catch {
            if hasTimedOut, let limit {
                let failure = Failure(.timeout, phase: .tls, "the TLS handshake took longer than \(limit.inWords)")
                record(.tlsHandshakeDone(stream.facts, failure))
                throw failure
            }
            throw failed(lower, origin.host, error, stream.facts, record)
        }
    }

    private func failed(
        _ lower: any ByteStream, _ host: String, _ error: TLSError, _ facts: TLSFacts,
        _ record: @NetworkActor (TraceEvent) -> Void
    ) -> Failure {
        lower.close()
        var failure = Failure(error)
        // OpenSSL only says "mismatch". Whose certificate it is tells where the request went instead.
        if case .untrusted(let problem) = error, problem.contains("mismatch"), let leaf = facts.certificates.first {
            let names = leaf.names.isEmpty ? "no name" : leaf.names.prefix(3).joined(separator: ", ")
            failure.message += ": it is for \(names)\(leaf.names.count > 3 ? " and others" : ""), not for \(host)"
        }
        if case .alert = error, facts.clientCertificate == .askedInVain {
            failure.message += ": it asked for a client certificate and got none"
        }
        record(.tlsHandshakeDone(facts, failure))
        return failure
    }
}
