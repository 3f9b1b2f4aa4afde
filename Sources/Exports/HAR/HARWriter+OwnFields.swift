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
        writeRedirection(exchange)
        if let failure = exchange.failure {
            json.field("_error", failure.message)
            json.field("_outcome", failure.outcome)
        }
        writePhases(exchange)
        writeConnection(exchange, connection)
        if let tls = exchange.tls ?? connection?.facts?.tls { write(tls, of: exchange, isOwn: exchange.tls != nil) }
        let told = Told(exchange)
        if told.ofDial { writeLookup(exchange) }
        if told.ofTCP { writeTCPFacts(exchange) }
        if let tunnel = exchange.tunnel {
            json.openObject("_tunnel")
            json.write(tunnel, redacting: &redaction)
            json.closeObject()
        }
        writeAttempts(exchange)
        if !exchange.retries.isEmpty { writeList("_retries", exchange.retries.map(\.failure.message)) }
        writeInformational(exchange)
        writeServerTiming(exchange)
        if told.parts > 1 { writeChunks(exchange) }
        if let time = exchange.heldUp { json.field("_heldUpNs", time.nanoseconds) }
        writeTrailers(exchange)
    }

    /// What the events tell of, found in one look: most exchanges have nothing to say to most of our fields.
    private struct Told {
        var ofDial = false
        var ofTCP = false
        /// Of the body.
        var parts = 0

        init(_ exchange: Exchange) {
            let events = exchange.events.span
            for index in events.indices {
                switch events[index].event {
                case .dnsStart, .dnsAnswered, .dnsDone, .dialRedirected: ofDial = true
                case .tcpMeasured: ofTCP = true
                case .bodyBytes: parts += 1
                default: break
                }
            }
        }
    }

    private mutating func writeRedirection(_ exchange: Exchange) {
        guard let redirection = exchange.redirection, let total = exchange.chainTotal(at: now) else { return }
        json.openObject("_redirect")
        json.field("hop", redirection.hop)
        json.field("chainNs", total.nanoseconds)
        json.openArray("withheld")
        for name in redirection.withheld { json.value(name) }
        json.closeArray()
        json.closeObject()
    }

    private mutating func writeServerTiming(_ exchange: Exchange) {
        guard let timing = exchange.serverTiming else { return }
        json.openArray("_serverTiming")
        json.write(timing, duration: "durationMs")
        json.closeArray()
    }

    private mutating func writeChunks(_ exchange: Exchange) {
        let arrivals = BodyArrivals(of: exchange)
        json.openArray("_chunks")
        for part in arrivals.parts {
            json.openObject()
            json.field("atNs", (part.time - exchange.startedAt).nanoseconds)
            json.field("bytes", part.bytes)
            json.closeObject()
        }
        json.closeArray()
        if arrivals.isCut { json.field("_chunksCut", true) }
    }

    private mutating func writePhases(_ exchange: Exchange) {
        json.openObject("_phases")
        for phase in Phase.allCases {
            guard let span = exchange.phases[phase] else { continue }
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
        json.field("proxy", ifPresent: connection?.key.proxy?.description)
        if case .closed(let reason, _) = connection?.state { json.field("closed", reason.description) }
        json.closeObject()
    }

    private mutating func write(_ tls: TLSFacts, of exchange: Exchange, isOwn: Bool) {
        json.openObject("_tls")
        json.write(tls)
        // The chain once, where the handshake was: a thousand requests on one connection need no thousand chains.
        if isOwn {
            json.writeCertificates(tls)
            json.writeHandshake(of: exchange)
        }
        json.closeObject()
        writeSecurityDetails(tls)
    }

    // Playwright's, which its own viewer and others read.
    private mutating func writeSecurityDetails(_ tls: TLSFacts) {
        guard let leaf = tls.certificates.first, !tls.version.isEmpty else { return }
        json.openObject("_securityDetails")
        json.field("protocol", tls.version.replacing("TLSv", with: "TLS "))
        json.field("subjectName", leaf.subject.commonName)
        json.field("issuer", leaf.issuer.commonName)
        json.field("validFrom", Int(clamping: leaf.notBefore))
        json.field("validTo", Int(clamping: leaf.notAfter))
        json.closeObject()
    }

    private mutating func writeLookup(_ exchange: Exchange) {
        if let goal = exchange.detour { json.field("_dialed", goal) }
        guard let lookup = exchange.lookup else { return }
        json.openObject("_dns")
        json.field("host", lookup.host)
        json.field("source", ifPresent: lookup.answer?.source?.description)
        json.openArray("records")
        for records in lookup.records {
            json.openObject()
            json.write(records)
            json.closeObject()
        }
        json.closeArray()
        json.closeObject()
    }

    private mutating func writeTCPFacts(_ exchange: Exchange) {
        json.openArray("_tcpInfo")
        for facts in exchange.tcpFacts {
            json.openObject()
            json.write(facts)
            json.closeObject()
        }
        json.closeArray()
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
    /// The elements of a list; the names of their members are the same wherever they stand.
    mutating func write(_ timing: ServerTiming, duration: StaticString) {
        for entry in timing.entries {
            openObject()
            field("name", entry.name)
            // Exact to the microsecond; servers give less.
            if let time = entry.milliseconds { field(duration, Int64((time * 1e3).rounded()), decimals: 3) }
            field("description", ifPresent: entry.words)
            closeObject()
        }
    }
}
