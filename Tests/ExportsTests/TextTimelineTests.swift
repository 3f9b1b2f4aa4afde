import Exports
import HTTPTrace
import Sessions
import Testing
import TextScreen

@Suite("Text timeline")
struct TextTimelineTests {
    private let sample = Sample()

    private func text(_ number: Int, _ marks: TextTimeline.Marks = .unicode, columns: Int = 80) -> String {
        var redaction = Redaction()
        return text(number, marks, columns: columns, redacting: &redaction)
    }

    private func text(
        _ number: Int, _ marks: TextTimeline.Marks = .unicode, columns: Int = 80, redacting redaction: inout Redaction
    ) -> String {
        let exchange = sample[number]
        return TextTimeline(marks: marks, columns: columns).text(
            exchange, on: sample.connection(of: exchange), twin: sample.session.twin(of: exchange),
            redacting: &redaction, at: sample.now)
    }

    @Test func `what was left out is counted, and kept when asked for`() {
        var redaction = Redaction()
        for number in 1...13 { _ = text(number, redacting: &redaction) }
        #expect(redaction.counts == Redaction.Counts(parameters: 1))
        redaction = Redaction(.full)
        #expect(text(1, redacting: &redaction).contains("access_token=s3cret-query"))
    }

    @Test func `a new connection shows where the time went`() {
        #expect(
            text(1) == """
                #1 POST https://api.example.com/login?access_token=REDACTED&page=2&q=a%20b+c
                  200 Reason · HTTP/1.1
                                  start     took
                  queued          0.010    0.090  ·
                  dns             0.100      8.2  ┄
                  connect           8.4    271.6  ───────────────────────────────
                  tls             280.0     30.8                                 ════
                  send            310.9    0.223                                     ▸
                  wait            311.1     89.3                                     ░░░░░░░░░░
                  receive         400.4      2.5                                               █
                  total           403.0       ms  first byte 400.4 ms · 29 bytes · 0.308 ms between phases
                  connection  c1 new · 192.0.2.9:50000 to 192.0.2.1:443 · closed: peer closed it while idle
                  attempt     [2001:db8::1]:443: another attempt won
                  tls         TLSv1.3 · TLS_AES_256_GCM_SHA384 · ALPN http/1.1 · CN=api.example.com

                """)
    }

    @Test func `a reused connection says whose it was, in ASCII too`() {
        #expect(
            text(2, .ascii, columns: 60) == """
                #2 GET https://api.example.com/v1/users
                  200 Reason, HTTP/1.1
                                  start     took
                  queued          0.010    0.010  .
                  dns                 -        -  reused c1
                  connect             -        -  reused c1
                  tls                 -        -  reused c1
                  send            0.020    0.153  >
                  wait            0.173     81.1  :::::::::::::::::::::::::
                  receive          81.3      2.5                           #
                  total            83.9       ms  first byte 81.3 ms, 5 bytes, 0.110 ms between phases
                  connection  c1 reused, use 2 after 596.8 ms idle, 192.0.2.9:50000 to 192.0.2.1:443, closed: peer closed it while idle
                  tls         TLSv1.3, TLS_AES_256_GCM_SHA384, ALPN http/1.1, CN=api.example.com

                """)
    }

    @Test func `a failure is a sentence, and a server's escape codes are seen, not sent`() {
        let text = text(4)
        #expect(text.contains("  failed      nowhere.invalid: no such host ^[[31m\n"))
        #expect(text.contains("  error:dns\n"))
        #expect(text.contains("not reached"))
        for number in 1...13 {
            #expect(
                self.text(number).unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        }
    }

    @Test func `what was neither needed nor agreed on takes no line, or says so in the interface's words`() throws {
        var exchange = Exchange(
            id: ExchangeID(1), draft: RequestDraft(url: try TypedURL.parse("https://a.example/")), at: .zero)
        let failure = Failure(.timeout, phase: .tls, "the handshake took longer than 1 s")
        let events: [TraceEvent] = [
            .getConn(hostPort: "a.example:443"), .connectStart(attempt: 1, Sample.ip4),
            .connectDone(attempt: 1, Sample.ip4, nil), .tlsHandshakeStart,
            .tlsHandshakeDone(TLSFacts(version: "", cipher: "", alpn: nil, serverName: nil), failure),
            .requestFinished(failure),
        ]
        for event in events {
            exchange.apply(TraceRecord(time: .zero, exchange: exchange.id, connection: nil, event: event))
        }
        var redaction = Redaction()
        let lines = TextTimeline(marks: .unicode).text(exchange, on: nil, redacting: &redaction, at: .zero)
            .split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("  tls ") }.count == 1, "the phase's own")
        #expect(lines.contains { $0.hasPrefix("  dns ") && $0.hasSuffix("no lookup needed") })
    }

    @Test func `an attempt that failed says how long it took, why, and how long was waited after it`() {
        let text = text(9)
        #expect(text.contains("  retried     after 2.0 ms ("))
        #expect(text.contains("): c1 was closed while idle · waited 0.100 ms before trying again\n"))
        #expect(text.contains("2.0 ms of earlier attempts · 0.100 ms waited between attempts"))
    }

    @Test func `early answers have a line each, with when they came`() {
        #expect(text(8).contains("\n  early       103 after 3.0 ms\n"))
        #expect(!text(1).contains("early"))
    }

    @Test func `a body that decodes without end says once how far that went`() throws {
        var exchange = Exchange(
            id: ExchangeID(1), draft: RequestDraft(url: try TypedURL.parse("http://a.example/")), at: .zero)
        let failure = Failure(.tooLarge, phase: .receive, "it grew to 1026 times its size and had not ended")
        exchange.bodyBytes = 971_976
        exchange.finishedAt = .milliseconds(5)
        exchange.failure = failure
        exchange.body = BodyCapture(
            bytes: [0], totalBytes: 67_108_864, sha256: "ff", codings: ["gzip"], problem: failure)
        var redaction = Redaction()
        let text = TextTimeline(marks: .unicode).text(exchange, on: nil, redacting: &redaction, at: .zero)
        #expect(text.contains("  body        971976 bytes of gzip decoded to 67108864 bytes and no further\n"))
    }

    @Test func `a running one says so`() {
        #expect(text(12).contains("░›"))
        #expect(text(12).contains("not yet"))
        #expect(text(13).contains("·›"))
    }

    @Test func `ASCII marks need nothing else`() {
        for number in 1...13 { #expect(text(number, .ascii).allSatisfy { $0.isASCII }) }
    }

    @Test func `narrow terminals get at least fifty columns, and bars stay inside`() {
        for number in 1...13 {
            for line in text(number, columns: 10).split(separator: "\n") where line.contains(/[·┄─═▸░█]$/) {
                #expect(line.count <= 50, "\(line)")
            }
        }
    }
}
