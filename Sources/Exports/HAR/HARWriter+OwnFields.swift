internal import HTTPTrace
internal import HTTPTypes
internal import Sessions

// What HAR has no words for, in fields that begin with "_" as its specification asks. `_error` and `_resourceType` are
// Chrome's, and it reads them; the rest is ours. Moments are nanoseconds since the exchange began.

extension HARWriter {
    mutating func writeOwnFields(
        _ exchange: Exchange, _ connection: ConnectionLedger.Connection?, _ timings: HARTimings
    ) {
        json.field("_resourceType", "fetch")
        json.field("_number", exchange.id.number)
        switch exchange.cause {
        case .typed: break
        case .caught:
            json.field("_client", ifPresent: exchange.served?.client.description)
            json.field("_clientConnection", ifPresent: exchange.served?.connection.description)
        case .replay(let original): json.field("_replayOf", original.number)
        case .redirect(let origin): json.field("_redirectFrom", origin.number)
        }
        if let failure = exchange.failure {
            json.field("_error", failure.message)
            json.field("_outcome", failure.outcome)
        }
        writePhases(exchange)
        writeConnection(exchange, connection)
        if let tls = exchange.tls ?? connection?.facts?.tls { write(tls, isOwn: exchange.tls != nil) }
        writeAttempts(exchange)
        writeList("_retries", exchange.retries.map(\.message))
        writeInformational(exchange)
        writeTrailers(exchange)
    }

    private mutating func writePhases(_ exchange: Exchange) {
        json.openObject("_phases")
        for (phase, span) in exchange.phases.present {
            json.name(text: phase.rawValue)
            json.openObject()
            json.field("startNs", (span.start - exchange.startedAt).nanoseconds)
            if let end = span.end { json.field("endNs", (end - exchange.startedAt).nanoseconds) }
            json.closeObject()
        }
        json.closeObject()
    }

    private mutating func writeConnection(_ exchange: Exchange, _ connection: ConnectionLedger.Connection?) {
        guard let got = exchange.connection else { return }
        json.openObject("_connection")
        json.field("id", got.connection.number)
        json.field("isReused", got.isReused)
        json.field("use", got.use)
        if let idle = got.idleTime { json.field("idleNs", idle.nanoseconds) }
        json.field("localAddress", got.local.ip)
        json.field("localPort", got.local.port)
        json.field("remotePort", got.remote.port)
        json.field("protocol", ifPresent: connection?.facts?.applicationProtocol)
        if case .closed(let reason, _) = connection?.state { json.field("closed", reason.description) }
        json.closeObject()
    }

    private mutating func write(_ tls: TLSFacts, isOwn: Bool) {
        json.openObject("_tls")
        json.write(tls)
        // The chain once, where the handshake was: a thousand requests on one connection need no thousand chains.
        if isOwn { json.writeCertificates(tls) }
        json.closeObject()
    }

    private mutating func writeAttempts(_ exchange: Exchange) {
        guard !exchange.attempts.isEmpty else { return }
        json.openArray("_attempts")
        for attempt in exchange.attempts {
            json.openObject()
            json.field("address", attempt.address.description)
            json.field("startNs", (attempt.span.start - exchange.startedAt).nanoseconds)
            if let end = attempt.span.end { json.field("endNs", (end - exchange.startedAt).nanoseconds) }
            json.field("error", ifPresent: attempt.failure?.message)
            json.closeObject()
        }
        json.closeArray()
    }

    private mutating func writeList(_ name: StaticString, _ texts: [String]) {
        guard !texts.isEmpty else { return }
        json.openArray(name)
        for text in texts { json.value(text) }
        json.closeArray()
    }

    private mutating func writeInformational(_ exchange: Exchange) {
        guard !exchange.informational.isEmpty else { return }
        json.openArray("_informational")
        for head in exchange.informational {
            json.openObject()
            json.field("status", head.status)
            json.openArray("headers")
            for field in head.fields { writePair(field.name.rawName, field.value) }
            json.closeArray()
            json.closeObject()
        }
        json.closeArray()
    }

    private mutating func writeTrailers(_ exchange: Exchange) {
        guard let trailers = exchange.bodyEnd?.trailers, !trailers.isEmpty else { return }
        json.openArray("_trailers")
        for (name, value) in trailers.sorted(by: { $0.key < $1.key }) { writePair(name, value) }
        json.closeArray()
    }

    private mutating func writePair(_ name: String, _ value: String) {
        json.openObject()
        json.field("name", name)
        json.field("value", redaction.value(of: name, value))
        json.closeObject()
    }
}

extension JSONWriter {
    /// Members that say what a handshake agreed on.
    mutating func write(_ tls: TLSFacts) {
        field("version", tls.version)
        field("cipher", tls.cipher)
        field("alpn", ifPresent: tls.alpn)
        field("server_name", ifPresent: tls.serverName)
        field("is_resumed", tls.isResumed)
        field("is_verified", !tls.isUnverified && tls.verificationProblem == nil)
        field("problem", ifPresent: tls.verificationProblem)
    }

    mutating func writeCertificates(_ tls: TLSFacts) {
        guard !tls.certificates.isEmpty else { return }
        openArray("certificates")
        for certificate in tls.certificates {
            openObject()
            field("subject", certificate.subject)
            field("issuer", certificate.issuer)
            openArray("names")
            for name in certificate.names { value(name) }
            closeArray()
            field("not_before", ISODate.text(unixSeconds: certificate.notBefore))
            field("not_after", ISODate.text(unixSeconds: certificate.notAfter))
            field("sha256", certificate.sha256)
            field("key", certificate.key)
            closeObject()
        }
        closeArray()
    }
}
