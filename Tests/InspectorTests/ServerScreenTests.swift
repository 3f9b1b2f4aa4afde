import HTTPTrace
import HTTPTypes
import Sessions
import TestSupport
import Testing
import TextScreen

@testable import Inspector

/// The interface from the other side: what comes in are its rows.
@Suite("Screens of a server")
struct ServerScreenTests: PressesKeys {
    static let now = Timestamp.milliseconds(450)

    private static let clock = ClockAnchor(monotonic: .zero, unixNanoseconds: 1_763_600_000_000_000_000)
    private static let origin = Origin(scheme: .http, host: "127.0.0.1", port: 8080)
    private static let behind = RequestURL(origin: Origin(scheme: .http, host: "127.0.0.1", port: 3000))

    private func model(columns: Int, rows: Int, forwardingTo target: RequestURL? = nil) -> Model {
        var model = Model(clock: Self.clock)
        model.listening = Listening(origin: Self.origin, forwardsTo: target)
        model.side = .server
        _ = update(&model, .resized(Size(columns: columns, rows: rows)), at: .zero)
        return model
    }

    private func expect(_ model: Model, at milliseconds: Double, looksLike name: String) {
        expectScreen(
            render(model, at: .milliseconds(milliseconds)).screen, matches: name, in: "InspectorTests/Screens")
    }

    /// A webhook, one that is being answered, one whose client went away; on two connections, one over TLS.
    private static var morning: [ServerRecord] {
        var morning = Morning()
        morning.accept(1, port: 51_234, at: 0)
        morning.request(1, on: 1, "/hook", from: 10, until: 60, status: 200, body: 48)
        morning.request(2, on: 1, "/hook?again=1", use: 2, from: 200, until: 242, status: 200, body: 48)
        morning.accept(2, port: 51_240, at: 180)
        morning.request(3, on: 2, "/broken", from: 190, until: 220, status: nil, body: 12)
        morning.add(222, 2, nil, .closed(.clientGone, received: 90, sent: 0))
        morning.accept(3, port: 51_262, at: 300)
        morning.request(4, on: 3, "/slow", from: 310, until: nil, status: nil, body: 0)
        return morning.records.sorted { $0.time < $1.time }
    }

    private func caught(columns: Int, rows: Int) -> Model {
        var model = model(columns: columns, rows: rows)
        _ = update(&model, .served(Self.morning), at: .milliseconds(400))
        let body = Array("{\"event\":\"paid\",\"amount\":12,\"currency\":\"EUR\"}".utf8)
        _ = update(
            &model,
            .requestBody(
                ServerRequestID(1),
                BodyCapture(bytes: body, totalBytes: body.count, sha256: String(repeating: "5a", count: 32))),
            at: .milliseconds(400))
        return model
    }

    @Test(arguments: [(120, 36), (80, 24)])
    func `an empty list says where to send something`(columns: Int, rows: Int) {
        expect(model(columns: columns, rows: rows), at: 0, looksLike: "listen-empty-\(columns)x\(rows)")
    }

    @Test(arguments: [(120, 36), (80, 24), (60, 20), (40, 12)])
    func `caught requests are rows, their clients lanes`(columns: Int, rows: Int) {
        var model = caught(columns: columns, rows: rows)
        model.select(row: 1)
        model.settle()
        expect(model, at: 450, looksLike: "listen-\(columns)x\(rows)")
    }

    @Test(arguments: [DetailTab.headers, .body, .events, .raw])
    func `a caught request has all pages`(tab: DetailTab) {
        var model = caught(columns: 100, rows: 30)
        model.select(row: 0)
        model.tab = tab
        model.isExpanded = true
        model.focus = .detail
        model.settle()
        expect(model, at: 450, looksLike: "listen-\(tab)")
    }

    @Test func `what is caught while a caught request is repeated stands beside what was sent`() {
        var model = model(columns: 120, rows: 36)
        let morning = Self.morning
        let second = morning.firstIndex { $0.request == ServerRequestID(3) }!
        _ = update(&model, .served(Array(morning[..<second])), at: .milliseconds(180))
        for key in [Key.character("R"), .enter] { _ = update(&model, .key(key), at: .milliseconds(180)) }
        // Three begin on the network thread, and are heard of after the others have been caught.
        let begun = (0..<3).map { _ in
            BegunRequest(
                id: model.numbers.next(), draft: model.session.exchanges[0].draft, cause: .replay(of: ExchangeID(1)),
                time: .milliseconds(185))
        }
        _ = update(&model, .served(Array(morning[second...])), at: .milliseconds(400))
        _ = update(&model, .begun(begun), at: .milliseconds(401))
        #expect(model.session.exchanges.map(\.id.number) == Array(1...model.session.exchanges.count))
        #expect(model.session.exchanges.map { $0.cause == .caught }.prefix(5) == [true, false, false, false, true])
        #expect(model.rows.ids == model.session.exchanges.map(\.id))
        #expect(model.repeating?.begun == 3)
    }

    @Test func `a forwarded request shows both halves on one axis`() {
        var model = model(columns: 120, rows: 36, forwardingTo: Self.behind)
        var morning = Morning()
        morning.accept(1, port: 51_234, at: 0)
        morning.request(1, on: 1, "/api/users", from: 10, until: 80, status: 200, body: 300)
        _ = update(&model, .served(Array(morning.records.prefix(8))), at: .milliseconds(100))
        let upstream = NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 3000)
        let local = NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 40_000)
        func record(_ time: Double, _ event: TraceEvent) -> TraceRecord {
            TraceRecord(
                time: .milliseconds(time), exchange: .forwarded(ServerRequestID(1)), connection: ConnectionID(1),
                event: event)
        }
        let url = RequestURL(origin: Self.behind.origin, target: "/api/users")
        let head = ResponseHead(
            status: 200, reason: "OK", version: "HTTP/1.1", fields: [.contentType: "application/json"])
        _ = update(
            &model,
            .trace([
                record(22, .requestStarted(RequestedHead(method: .post, url: url))),
                record(22, .getConn(hostPort: "127.0.0.1:3000")),
                record(22, .connectionDialing(ConnectionKey(origin: url.origin))),
                record(23, .connectStart(attempt: 1, upstream)), record(27, .connectDone(attempt: 1, upstream, nil)),
                record(27, .connectionOpened(ConnectionFacts(local: local, remote: upstream))),
                record(27, .connectionActive(use: 1)),
                record(
                    27,
                    .gotConn(
                        GotConnection(
                            connection: ConnectionID(1), local: local, remote: upstream, isReused: false, idleTime: nil,
                            use: 1))),
                record(28, .flushed(bytes: 500)), record(68, .gotFirstResponseByte), record(68, .responseHead(head)),
                record(76, .bodyEnded(BodyEnd(way: .complete, bytes: 900))), record(76, .requestFinished(nil)),
            ]), at: .milliseconds(100))
        _ = update(&model, .served(Array(morning.records.dropFirst(8))), at: .milliseconds(100))
        expect(model, at: 100, looksLike: "forward-120x36")
        press("S", in: &model)
        #expect(model.side == .client)
    }

    @Test func `the answer is edited as a line, and a wrong one is refused`() {
        var model = caught(columns: 120, rows: 36)
        press("A", in: &model)
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("no prompt")
            return
        }
        #expect(prompt.editor.text == "200")
        for character in " --delay x" { press(String(character), in: &model) }
        #expect(press(.enter, in: &model) == [])
        for _ in 0..<1 { _ = update(&model, .key(.backspace), at: .zero) }
        for character in "250 -H 'X-A: b' -d hi" { press(String(character), in: &model) }
        let answer = AnswerDraft(
            status: 200, fields: [HTTPField.Name("X-A")!: "b"], body: Array("hi".utf8), delay: .milliseconds(250))
        #expect(press(.enter, in: &model) == [.setAnswer(answer)])
        #expect(model.listening?.answer == answer)
        #expect(AnswerLine.line(for: answer) == "200 -H 'X-A: b' -d hi --delay 250")
    }

    @Test(arguments: [
        ("199", 0), ("600", 0), ("200 --delay -1", 4), ("200 -H Content-Length:3", 4), ("200 x", 4), ("-d", 0),
        ("'", 0), ("200 -d @x", 4), ("204 -d body", 4), ("-d body 304", 0),
    ])
    func `what is no answer is refused with the place`(line: String, column: Int) {
        #expect(throws: ProbeLine.Problem.self) { try AnswerLine.parse(line) }
        do { _ = try AnswerLine.parse(line) } catch { #expect(error.column == column) }
    }

    @Test func `a body that begins like a file's name is written so that it is read as a body`() throws {
        let answer = AnswerDraft(body: Array("@x".utf8))
        #expect(AnswerLine.line(for: answer) == "200 --data-raw @x")
        #expect(try AnswerLine.parse("200 --data-raw @x") == answer)
        #expect(try AnswerLine.parse("204 -d ''") == AnswerDraft(status: 204))
    }

    @Test func `a caught request is edited and sent as a new row`() {
        var model = caught(columns: 120, rows: 36)
        model.select(row: 0)
        model.settle()
        press("e", in: &model)
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("no prompt")
            return
        }
        #expect(prompt.editor.text.hasPrefix("POST http://127.0.0.1:8080/hook -H 'Content-Type: application/json' -H "))
        guard case .send(let draft, let id, let cause)? = press(.enter, in: &model).first else {
            Issue.record("nothing sent")
            return
        }
        #expect(id == ExchangeID(5) && cause == .replay(of: ExchangeID(1)))
        #expect(draft.body.starts(with: Array("{\"event\"".utf8)))
    }

    @Test func `a caught request whose body broke off is not sent again as if it were whole`() {
        var model = model(columns: 120, rows: 36)
        var morning = Morning()
        morning.accept(1, port: 51_234, at: 0)
        morning.request(1, on: 1, "/hook", from: 10, until: 80, status: nil, body: 300)
        var records = morning.records.filter { if case .requestEnded = $0.event { false } else { true } }
        for place in records.indices {
            if case .requestBody = records[place].event { records[place].event = .requestBody(5) }
        }
        _ = update(&model, .served(records), at: .milliseconds(400))
        let part = BodyCapture(bytes: Array("begin".utf8), totalBytes: 5, sha256: String(repeating: "5a", count: 32))
        _ = update(&model, .requestBody(ServerRequestID(1), part), at: .milliseconds(400))
        model.select(row: 0)
        model.settle()
        for key in ["r", "R"] {
            model.message = nil
            #expect(press(key, in: &model).isEmpty)
            #expect(model.message?.text.contains("Only 5 B of its body came") == true)
        }
    }

    @Test func `a caught request whose body was kept in part is not sent again as if it were whole`() {
        var model = caught(columns: 120, rows: 36)
        let part = BodyCapture(bytes: Array("half".utf8), totalBytes: 8, sha256: String(repeating: "5a", count: 32))
        _ = update(&model, .requestBody(ServerRequestID(1), part), at: .milliseconds(400))
        model.select(row: 0)
        model.settle()
        #expect(press("r", in: &model).isEmpty)
        #expect(model.message?.text.contains("Only 4 B of the body's 8 B") == true)
        press("e", in: &model)
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("no prompt")
            return
        }
        #expect(!prompt.editor.text.contains("half"))
    }

    @Test func `two caught requests are compared in a server's words`() {
        var model = caught(columns: 120, rows: 36)
        model.select(row: 1)
        model.settle()
        press("=", in: &model)
        let screen = render(model, at: .milliseconds(400)).screen
        let text = (0..<36).map { screen.text(row: $0) }.joined(separator: "\n")
        #expect(text.contains(" request ") && text.contains(" handler ") && text.contains(" answer "))
        #expect(!text.contains(" receive "))
    }

    @Test func `where nothing came from behind, the row shows what its client was answered instead`() {
        var model = model(columns: 120, rows: 60, forwardingTo: Self.behind)
        var morning = Morning()
        morning.accept(1, port: 51_234, at: 0)
        morning.request(1, on: 1, "/users", from: 10, until: 80, status: 502, body: 300)
        _ = update(&model, .served(Array(morning.records.prefix(8))), at: .milliseconds(100))
        let url = RequestURL(origin: Self.behind.origin, target: "/api/users")
        let failure = Failure(.connect, phase: .connect, "127.0.0.1:3000 refused")
        let events: [TraceEvent] = [
            .requestStarted(RequestedHead(method: .post, url: url)), .getConn(hostPort: "127.0.0.1:3000"),
            .requestFinished(failure),
        ]
        _ = update(
            &model,
            .trace(
                events.map {
                    TraceRecord(
                        time: .milliseconds(22), exchange: .forwarded(ServerRequestID(1)), connection: nil, event: $0)
                }), at: .milliseconds(100))
        _ = update(&model, .served(Array(morning.records.dropFirst(8))), at: .milliseconds(100))
        model.tab = .headers
        model.settle()
        let screen = render(model, at: .milliseconds(100)).screen
        #expect(screen.text(row: 3).contains("502"))
        let text = (0..<60).map { screen.text(row: $0) }.joined(separator: "\n")
        #expect(text.contains("sent on as") && text.contains(" POST http://127.0.0.1:3000/api/users"))
        #expect(text.contains("127.0.0.1:3000 refused") && text.contains("answered with"))
        #expect(text.contains(" HTTP/1.1 502 OK"))
        #expect(model.session[ExchangeID(1)]?.failure == failure)
    }

    @Test func `that clients had to wait for the screen is said, since no request's figures hold it`() {
        var model = caught(columns: 120, rows: 36)
        _ = update(&model, .engine(EngineFacts(longestTurn: .zero)), at: .milliseconds(400))
        #expect(!render(model, at: .milliseconds(400)).screen.text(row: 0).contains("waited"))
        let facts = EngineFacts(longestTurn: .zero, longestWait: .milliseconds(20))
        _ = update(&model, .engine(facts), at: .milliseconds(400))
        #expect(render(model, at: .milliseconds(400)).screen.text(row: 0).contains("waited for the screen 20.0 ms"))
    }

    @Test func `b turns to the other body`() {
        var model = caught(columns: 120, rows: 36)
        model.select(row: 0)
        model.tab = .body
        model.settle()
        #expect(model.shownBody(of: model.selectedExchange!).side == .request)
        press("b", in: &model)
        #expect(model.shownBody(of: model.selectedExchange!).side == .response)
    }

    @Test func `the body that is copied is the one the page shows`() {
        var model = caught(columns: 120, rows: 36)
        model.select(row: 0)
        model.settle()
        press("y", in: &model)
        #expect(press("b", in: &model) == [.copy("{\"event\":\"paid\",\"amount\":12,\"currency\":\"EUR\"}")])
        #expect(model.message?.text == "Copied the request's body of #1, 45 B.")
        let body = BodyCapture(bytes: [0xFF, 0xFE], totalBytes: 2, sha256: "")
        _ = update(&model, .requestBody(ServerRequestID(1), body), at: .milliseconds(400))
        press("y", in: &model)
        #expect(press("b", in: &model) == [])
        #expect(model.message?.text == "There is no body to copy as text.")
    }

    @Test func `ten thousand idle clients are listed, and a frame costs what is seen of them`() {
        var model = model(columns: 120, rows: 36)
        var records: [ServerRecord] = []
        for number in 1...10_000 {
            let id = ServerConnectionID(number)
            let client = NetworkAddress(family: .ip4, ip: "192.0.2.1", port: UInt16(number))
            records.append(
                ServerRecord(
                    time: .milliseconds(1), connection: id, request: nil,
                    event: .accepted(client: client, server: client, .http)))
            records.append(ServerRecord(time: .milliseconds(1), connection: id, request: nil, event: .state(.new)))
        }
        _ = update(&model, .served(records), at: .milliseconds(2))
        let screen = render(model, at: .milliseconds(2)).screen
        let text = (0..<screen.size.rows).map { screen.text(row: $0) }.joined(separator: "\n")
        #expect(text.contains("10,000 new") && text.contains("+9,9"))
    }
}

/// A server's records told as "this request, from then to then".
private struct Morning {
    var records: [ServerRecord] = []

    private static let server = NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 8080)

    mutating func add(_ time: Double, _ connection: Int, _ request: Int?, _ event: ServerEvent) {
        records.append(
            ServerRecord(
                time: .milliseconds(time), connection: ServerConnectionID(connection),
                request: request.map { ServerRequestID($0) }, event: event))
    }

    mutating func accept(_ number: Int, port: UInt16, at time: Double) {
        let client = NetworkAddress(family: .ip4, ip: "127.0.0.1", port: port)
        add(time, number, nil, .accepted(client: client, server: Self.server, .http))
        add(time, number, nil, .state(.new))
        add(time, number, nil, .protocolChosen("http/1.1"))
    }

    /// A tenth of its time it arrives, a tenth it is answered; without a status its client goes away, without an end it
    /// goes on.
    mutating func request(
        _ number: Int, on connection: Int, _ target: String, use: Int = 1, from start: Double, until end: Double?,
        status: Int?, body: Int
    ) {
        let length = (end ?? start + 1_000) - start
        let fields: HTTPFields = [
            .init("Host")!: "127.0.0.1:8080", .contentType: "application/json", .userAgent: "curl/8.5.0",
        ]
        let head = IncomingHead(
            method: .post,
            url: RequestURL(origin: Origin(scheme: .http, host: "127.0.0.1", port: 8080), target: target),
            target: target, version: "HTTP/1.1",
            bytes: Array(
                "POST \(target) HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\nUser-Agent: curl/8.5.0\r\n\r\n"
                    .utf8), bodyBytes: body, fields: fields)
        add(start, connection, number, .requestFirstByte)
        add(start + 1, connection, number, .requestHead(head, use: use))
        add(start + 1, connection, nil, .state(.active))
        add(start + 1, connection, number, .handlerStart)
        if body > 0 { add(start + length / 10, connection, number, .requestBody(body)) }
        add(start + length / 10, connection, number, .requestEnded(bytes: body))
        guard let end else { return }
        guard let status else {
            return add(end, connection, number, .requestFinished(ServerCloseReason.clientGone.failure))
        }
        let answer = ResponseHead(
            status: status, reason: "OK", version: "HTTP/1.1",
            bytes: Array("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n".utf8), fields: [.contentLength: "3"])
        add(end - length / 10, connection, number, .responseHead(answer))
        add(end - length / 10, connection, number, .responseFirstByte)
        add(end, connection, number, .responseLastByte(bytes: 3))
        add(end, connection, number, .handlerDone(nil))
        add(end, connection, number, .requestFinished(nil))
        add(end, connection, nil, .state(.idle))
    }
}
