public import HTTPTrace
internal import HTTPTypes
public import Sessions

// What `roundtrip probe --json` prints: one object a request, one line an object. Scripts depend on it:
//
// - `schema_version` counts up when a member changes its meaning or goes; new members may come at any time.
// - A time is in milliseconds and ends in `_ms`, exact to the nanosecond. What did not happen is absent, never 0 or null.
// - The block `curl` repeats the figures under curl's names and with curl's meaning: cumulative, in seconds, 0 if absent.

/// One exchange as one JSON object.
public enum ExchangeJSON {
    public static let schemaVersion = 1

    /// The object, followed by a line break.
    ///
    /// - Parameters:
    ///   - connection: The one that carried it, if any.
    ///   - redaction: Replaces secrets in the URL and counts them. User information is never written.
    ///   - now: Until when it counts when it still runs.
    public static func line(
        _ exchange: Exchange, on connection: ConnectionLedger.Connection?, redacting redaction: inout Redaction,
        at now: Timestamp
    ) -> [UInt8] {
        var json = JSONWriter()
        let url = redaction.url(exchange.draft.url.description)
        json.openObject()
        json.field("schema_version", schemaVersion)
        json.field("number", exchange.id.number)
        json.field("method", exchange.draft.method.rawValue)
        json.field("url", url)
        switch exchange.cause {
        case .typed: break
        case .caught: json.served(exchange)
        case .replay(let original): json.field("replay_of", original.number)
        case .redirect(let origin): json.field("redirect_from", origin.number)
        }
        json.field("outcome", exchange.outcome ?? "running")
        json.error(exchange.failure)
        json.field("status", ifPresent: exchange.answer?.status)
        json.field("http_version", ifPresent: exchange.answer?.version)
        json.field("body_len", ifPresent: exchange.body?.totalBytes ?? exchange.bodyEnd?.bytes)
        json.field("body_sha256", ifPresent: exchange.body?.sha256)
        json.coding(of: exchange)
        json.times(of: exchange, at: now)
        json.lookup(of: exchange)
        json.redirection(of: exchange, at: now)
        json.arrivals(of: exchange)
        json.connection(of: exchange, connection)
        json.tcp(of: exchange)
        json.tunnel(exchange.tunnel, redacting: &redaction)
        json.attempts(of: exchange)
        json.retries(of: exchange, at: now)
        json.curl(exchange, connection, url, at: now)
        json.closeObject()
        json.raw("\n")
        return json.takeBytes()
    }
}

extension JSONWriter {
    fileprivate mutating func milliseconds(_ name: StaticString, _ duration: Duration) {
        field(name, duration.nanoseconds, decimals: 6)
    }

    fileprivate mutating func error(_ failure: Failure?) {
        guard let failure else { return }
        openObject("error")
        field("phase", ifPresent: failure.phase?.rawValue)
        field("kind", failure.kind.rawValue)
        field("message", failure.message)
        if failure.isCertificate { field("is_certificate", true) }
        field("detail", ifPresent: failure.detail?.rawValue)
        closeObject()
    }

    /// What the body was in on the wire, and how long there.
    fileprivate mutating func coding(of exchange: Exchange) {
        guard let body = exchange.body else { return }
        if !body.codings.isEmpty {
            field("body_coding", body.codings.joined(separator: ", "))
            field("body_wire_len", exchange.bodyBytes)
        }
        field("body_left_encoded", ifPresent: body.reasonLeftEncoded)
    }

    fileprivate mutating func redirection(of exchange: Exchange, at now: Timestamp) {
        guard let redirection = exchange.redirection, let total = exchange.chainTotal(at: now) else { return }
        field("hop", redirection.hop)
        milliseconds("chain_total_ms", total)
        guard !redirection.withheld.isEmpty else { return }
        openArray("withheld")
        for name in redirection.withheld { value(name) }
        closeArray()
    }

    fileprivate mutating func arrivals(of exchange: Exchange) {
        if let timing = exchange.serverTiming {
            openArray("server_timing")
            write(timing, duration: "duration_ms")
            closeArray()
        }
        if let wait = exchange.continueWait {
            if wait.isExact {
                milliseconds("continue_wait_ms", wait.time)
            } else {
                milliseconds("continue_wait_at_most_ms", wait.time)
            }
        }
        if let time = exchange.heldUp { milliseconds("receive_held_up_ms", time) }
        let arrivals = BodyArrivals(of: exchange)
        guard let gap = arrivals.largestGap else { return }
        openObject("chunks")
        field("count", arrivals.parts.count)
        if arrivals.isCut { field("is_cut", true) }
        milliseconds("largest_gap_ms", gap.duration)
        milliseconds("largest_gap_start_ms", gap.start - exchange.startedAt)
        field("largest_gap_after_bytes", gap.bytesBefore)
        closeObject()
    }

    /// From whom it came, and the phases on that side when others are told beside them.
    fileprivate mutating func served(_ exchange: Exchange) {
        guard let served = exchange.served else { return }
        openObject("caught")
        field("client", served.client.description)
        field("connection", served.connection.description)
        field("request", served.id.description)
        field("use", ifPresent: served.use)
        field("forwarded", exchange.isForwarded)
        field("request_body_len", served.requestBytes)
        field("request_body_sha256", ifPresent: served.body?.sha256)
        for (phase, span) in served.phases.present {
            name(text: "\(phase.rawValue)_ms")
            value(span.duration(at: span.end ?? span.start).nanoseconds, decimals: 6)
        }
        closeObject()
    }

    fileprivate mutating func times(of exchange: Exchange, at now: Timestamp) {
        milliseconds("total_ms", exchange.total(at: now))
        if let first = exchange.timeToFirstByte { milliseconds("first_byte_ms", first) }
        var sum = Duration.zero
        for (phase, span) in exchange.phases.present {
            name(text: "\(phase.rawValue)_ms")
            value(span.duration(at: now).nanoseconds, decimals: 6)
            sum += span.duration(at: now)
        }
        // total_ms is exactly the sum of these two.
        milliseconds("phases_sum_ms", sum)
        milliseconds("unclaimed_ms", exchange.unclaimed(at: now))
        write(exchange.phases, of: exchange, at: now)
    }

    private mutating func write(_ phases: PhaseSpans, of exchange: Exchange, at now: Timestamp) {
        openArray("phases")
        for (phase, span) in phases.present {
            openObject()
            field("phase", phase.rawValue)
            milliseconds("start_ms", span.start - exchange.startedAt)
            milliseconds("duration_ms", span.duration(at: now))
            closeObject()
        }
        closeArray()
    }

    fileprivate mutating func connection(of exchange: Exchange, _ connection: ConnectionLedger.Connection?) {
        if let got = exchange.connection {
            openObject("connection")
            field("id", got.connection.number)
            field("reused", got.isReused)
            if exchange.usesItsEarlierDial { field("dialed_by_earlier_attempt", true) }
            field("use", got.use)
            if let idle = got.idleTime { milliseconds("idle_ms", idle) }
            field("local", got.local.description)
            field("remote", got.remote.description)
            field("protocol", ifPresent: connection?.facts?.applicationProtocol)
            field("proxy", ifPresent: connection?.key.proxy?.description)
            closeObject()
        }
        guard let tls = exchange.tls ?? connection?.facts?.tls else { return }
        openObject("tls")
        write(tls)
        writeCertificates(tls)
        if exchange.tls != nil { writeHandshake(of: exchange) }
        closeObject()
    }

    fileprivate mutating func lookup(of exchange: Exchange) {
        field("dialed", ifPresent: exchange.detour)
        if exchange.isPinned { field("pinned", true) }
        guard let lookup = exchange.lookup else { return }
        openObject("dns")
        field("host", lookup.host)
        field("source", ifPresent: lookup.answer?.source?.description)
        if let answer = lookup.answer { field("shared", answer.isCoalesced) }
        openArray("records")
        for records in lookup.records {
            openObject()
            write(records)
            closeObject()
        }
        closeArray()
        closeObject()
    }

    fileprivate mutating func tcp(of exchange: Exchange) {
        let all = exchange.tcpFacts
        guard !all.isEmpty else { return }
        openArray("tcp")
        for facts in all {
            openObject()
            write(facts)
            closeObject()
        }
        closeArray()
    }

    fileprivate mutating func tunnel(_ facts: TunnelFacts?, redacting redaction: inout Redaction) {
        guard let facts else { return }
        openObject("tunnel")
        write(facts, redacting: &redaction)
        closeObject()
    }

    fileprivate mutating func attempts(of exchange: Exchange) {
        guard !exchange.attempts.isEmpty else { return }
        openArray("attempts")
        for attempt in exchange.attempts {
            openObject()
            field("address", attempt.address.description)
            milliseconds("start_ms", attempt.span.start - exchange.startedAt)
            if let end = attempt.span.end { milliseconds("duration_ms", end - attempt.span.start) }
            field("error", ifPresent: attempt.failure?.message)
            closeObject()
        }
        closeArray()
    }

    /// Why it was sent again, oldest first: what is told above is of the last time. `unclaimed_ms` is the sum of their
    /// `duration_ms`, their `pause_ms` and what lies between the last attempt's phases.
    fileprivate mutating func retries(of exchange: Exchange, at now: Timestamp) {
        guard !exchange.retries.isEmpty else { return }
        openArray("retries")
        for retry in exchange.retries {
            openObject()
            field("kind", retry.failure.kind.rawValue)
            field("message", retry.failure.message)
            field("connection", ifPresent: retry.connection?.number)
            milliseconds("start_ms", retry.startedAt - exchange.startedAt)
            milliseconds("at_ms", retry.failedAt - exchange.startedAt)
            milliseconds("duration_ms", retry.duration)
            milliseconds("pause_ms", exchange.pause(after: retry, at: now))
            write(retry.phases, of: exchange, at: retry.failedAt)
            closeObject()
        }
        closeArray()
    }

    fileprivate mutating func curl(
        _ exchange: Exchange, _ connection: ConnectionLedger.Connection?, _ url: String, at now: Timestamp
    ) {
        let phases = exchange.phases
        func seconds(_ moment: Timestamp?) -> Int64 {
            moment.map { max(($0 - exchange.startedAt).nanoseconds + 500, 0) / 1_000 } ?? 0
        }
        let got = exchange.connection
        // On an open connection curl 7.88 gives the moment it had it for the name, and 0 for connect and TLS.
        let gotAt = got?.isReused == true ? phases[.send]?.start : nil
        // With a handshake that failed there was a connection all the same, though nobody got it.
        let reached = got == nil ? exchange.attempts.last { $0.span.end != nil && $0.failure == nil }?.address : nil
        let looked = phases[.dns]?.end ?? phases[.connect]?.start ?? gotAt
        openObject("curl")
        field("url", url)
        field("method", exchange.draft.method.rawValue)
        field("response_code", exchange.response?.status ?? 0)
        field("http_version", curlVersion(exchange.response?.version))
        field("scheme", exchange.draft.url.origin.scheme.rawValue)
        let hasDialed = (phases[.connect]?.end != nil && got?.isReused == false) || exchange.usesItsEarlierDial
        field("num_connects", reached != nil || hasDialed ? 1 : 0)
        field("conn_id", got?.connection.number ?? -1)
        field("remote_ip", (got?.remote ?? reached)?.ip ?? "")
        field("remote_port", (got?.remote ?? reached)?.port ?? 0)
        field("local_ip", got?.local.ip ?? "")
        field("local_port", got?.local.port ?? 0)
        field("size_download", exchange.bodyBytes)
        if let received = exchange.headBytes { field("size_header", received) }
        if let uploaded = exchange.uploadedBytes { field("size_upload", uploaded) }
        field("time_queue", seconds(phases[.queued]?.end), decimals: 6)
        field("time_namelookup", seconds(looked), decimals: 6)
        field("time_connect", seconds(phases[.connect]?.end), decimals: 6)
        field("time_appconnect", seconds(phases[.tls]?.end), decimals: 6)
        field("time_pretransfer", seconds(phases[.send]?.start), decimals: 6)
        field("time_posttransfer", seconds(phases[.send]?.end), decimals: 6)
        field("time_starttransfer", seconds(exchange.firstByteAt), decimals: 6)
        field("time_total", seconds(exchange.finishedAt ?? now), decimals: 6)
        closeObject()
    }

    // `1.1`, `2`; `0` before an answer, as curl has it.
    private func curlVersion(_ version: String?) -> String {
        version.map { String($0.drop { $0 != "/" }.dropFirst()) } ?? "0"
    }
}

extension Exchange {
    /// Bytes of all heads that came, early answers included; nil over HTTP/2, which tells no number.
    fileprivate var headBytes: Int? {
        var sum = 0
        for head in informational + (response.map { [$0] } ?? []) {
            guard let count = head.wireBytes else { return nil }
            sum += count
        }
        return sum
    }

    /// Bytes of its body that were sent; nil where sending was cut off, and no figure of the kernel's tells how far it came.
    fileprivate var uploadedBytes: Int? {
        if requestBodyBytes == 0 || connection == nil { return 0 }
        if sentBytes > 0 { return requestBodyBytes }
        // The server answered instead of asking for it.
        let isHeldBack = events.contains { $0.event == .wait100Continue }
        if isHeldBack { return 0 }
        // TCP carried the head and a part of the body, and nothing else where no layer lies between.
        guard draft.url.origin.scheme == .http, tunnel == nil, let head = sentHead?.wireBytes,
            let sent = tcpFacts.last(where: { $0.moment == .end })?.exchange?.sent
        else { return nil }
        return min(max(sent - head, 0), requestBodyBytes)
    }
}
