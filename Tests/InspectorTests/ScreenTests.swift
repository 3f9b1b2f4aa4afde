import HTTPTrace
import HTTPTypes
import Sessions
import TestSupport
import Testing
import TextScreen

@testable import Inspector

/// The screens as a person sees them, compared with drawings in `Screens`.
@Suite("Screens")
struct ScreenTests {
    private static let clock = ClockAnchor(monotonic: .zero, unixNanoseconds: 1_763_600_000_000_000_000)

    static func model(
        columns: Int, rows: Int, theme: Theme = Theme(), selecting number: Int? = 3,
        session: ScriptedSession? = .busyMorning()
    ) -> Model {
        var model = Model(clock: clock, theme: theme)
        _ = update(&model, .resized(Size(columns: columns, rows: rows)), at: .zero)
        session?.play(into: &model)
        if let number, let row = model.rows.index(of: ExchangeID(number)) {
            model.select(row: row)
            model.settle()
        }
        model.options.followsRedirects = true
        model.standingOptions = ["verify", "h2,h1"]
        return model
    }

    /// What stands on the screen, a line a row.
    static func text(of model: Model) -> String {
        let screen = render(model, at: ScriptedSession.now).screen
        return (0..<screen.size.rows).map { screen.text(row: $0) }.joined(separator: "\n")
    }

    private func expect(
        _ model: Model, looksLike name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expectScreen(
            render(model, at: ScriptedSession.now).screen, matches: name, in: "InspectorTests/Screens",
            sourceLocation: sourceLocation)
    }

    @Test(arguments: [(200, 60), (160, 45), (120, 36), (100, 30), (80, 24), (60, 20), (40, 12), (20, 5), (1, 1)])
    func `every size has a screen of its own`(columns: Int, rows: Int) {
        expect(Self.model(columns: columns, rows: rows), looksLike: "main-\(columns)x\(rows)")
    }

    @Test(arguments: [(120, 36), (80, 24)])
    func `without Unicode and colours everything stands in the same place`(columns: Int, rows: Int) {
        let theme = Theme(marks: .ascii, hasColors: false)
        expect(Self.model(columns: columns, rows: rows, theme: theme), looksLike: "ascii-\(columns)x\(rows)")
    }

    @Test func `letters are the third set of bars`() {
        expect(
            Self.model(columns: 100, rows: 30, theme: Theme(marks: .letters, hasColors: false)),
            looksLike: "letters-100x30")
    }

    @Test(arguments: [(120, 36), (80, 24), (40, 12)])
    func `an empty session says what to type`(columns: Int, rows: Int) {
        expect(Self.model(columns: columns, rows: rows, session: nil), looksLike: "empty-\(columns)x\(rows)")
    }

    @Test(arguments: [(120, 36), (80, 24), (40, 12)])
    func `an empty session whose line is open says so, and how to leave it`(columns: Int, rows: Int) {
        var model = Self.model(columns: columns, rows: rows, session: nil)
        model.openProbeLine()
        let text = Self.text(of: model)
        #expect(text.contains("Type a URL and press Enter."))
        #expect(text.contains("   example.com"))
        #expect(!text.contains("n  example.com"))
        #expect(text.contains("Esc  leave the line; n opens it again"))
        _ = update(&model, .key(.escape), at: ScriptedSession.now)
        #expect(Self.text(of: model).contains("n  example.com"))
    }

    @Test(arguments: DetailTab.allCases)
    func `each page of the detail`(tab: DetailTab) {
        var model = Self.model(columns: 100, rows: 40)
        model.tab = tab
        _ = update(&model, .key(.enter), at: ScriptedSession.now)
        expect(model, looksLike: "page-\(tab.title.lowercased())")
    }

    @Test(arguments: [(60, 20), (40, 12)])
    func `a small screen shows the detail alone`(columns: Int, rows: Int) {
        var model = Self.model(columns: columns, rows: rows)
        _ = update(&model, .key(.enter), at: ScriptedSession.now)
        expect(model, looksLike: "detail-\(columns)x\(rows)")
    }

    @Test(arguments: [(120, 36), (80, 24), (60, 20)])
    func `two requests beside each other`(columns: Int, rows: Int) {
        var session = ScriptedSession()
        session.add(
            .init(
                number: 1, url: "https://api.example.com/orders", start: 0, connection: 1,
                phases: [(.dns, 12), (.connect, 38), (.tls, 61), (.wait, 165), (.receive, 38)], status: 200,
                fields: [.server: "nginx", .age: "3"], bytes: 40,
                shown: Array("{\n  \"total\": 12,\n  \"state\": \"open\",\n  \"by\": 7\n}\n".utf8)))
        session.add(
            .init(
                number: 2, url: "https://api.example.com/orders", cause: .replay(of: ExchangeID(1)), start: 400,
                connection: 1, use: 2, phases: [(.wait, 180), (.receive, 2)], status: 500,
                fields: [.server: "nginx", .age: "4"], bytes: 44,
                shown: Array("{\n  \"total\": 12,\n  \"state\": \"closed\",\n  \"by\": 7\n}\n".utf8)))
        var model = Self.model(columns: columns, rows: rows, selecting: 2, session: session)
        _ = update(&model, .key(.character("=")), at: ScriptedSession.now)
        expect(model, looksLike: "compare-\(columns)x\(rows)")
    }

    @Test func `fields that only changed places are told from those that changed`() {
        let url = "http://example.com/"
        func compared(_ before: HTTPFields, _ after: HTTPFields) -> String {
            var session = ScriptedSession()
            session.add(
                .init(
                    number: 1, url: url, start: 0, connection: 1, phases: [(.wait, 5), (.receive, 1)], status: 200,
                    fields: before))
            session.add(
                .init(
                    number: 2, url: url, cause: .replay(of: ExchangeID(1)), start: 10, connection: 1, use: 2,
                    phases: [(.wait, 5), (.receive, 1)], status: 200, fields: after))
            var model = Self.model(columns: 120, rows: 36, selecting: 2, session: session)
            _ = update(&model, .key(.character("=")), at: ScriptedSession.now)
            return Self.text(of: model)
        }
        let moved = compared([.server: "nginx", .age: "3"], [.age: "3", .server: "nginx"])
        #expect(moved.contains(" Response  the same, 3 lines, in another order"), "\(moved)")
        let lines = moved.split(separator: "\n").filter { $0.contains("  (only moved)") }
        #expect(lines.count == 2 && Set(lines.map { $0.dropFirst(3) }).count == 1, "\(moved)")

        let changed = compared(
            [.server: "nginx", .age: "3", .via: "a"], [.age: "4", .via: "a", .server: "nginx"])
        #expect(changed.contains(" Response  HTTP/1.1 200"), "\(changed)")
        #expect(changed.contains(" - Age: 3\n") && changed.contains(" + Age: 4\n"), "\(changed)")
        #expect(changed.split(separator: "\n").count { $0.contains("  (only moved)") } == 2, "\(changed)")
    }

    @Test func `a line of a comparison adds up as it is shown`() {
        var session = ScriptedSession()
        for (number, receive) in [(1, 0.76), (2, 0.54)] {
            session.add(
                .init(
                    number: number, url: "http://example.com/", start: Double(number) * 200, connection: 1, use: number,
                    phases: [(.wait, 150), (.receive, receive)], status: 200))
        }
        var model = Self.model(columns: 120, rows: 36, selecting: 2, session: session)
        _ = update(&model, .key(.character("=")), at: ScriptedSession.now)
        let line = Self.text(of: model).split(separator: "\n").first { $0.hasPrefix(" receive") }
        #expect(line?.split(separator: " ") == ["receive", "0.8", "0.5", "-0.3"])
    }

    @Test(arguments: [nil, Failure(.decode, phase: .receive, "the br data breaks off: its end is missing")])
    func `a decoded body says what it was on the wire, and what is missing`(problem: Failure?) {
        var session = ScriptedSession()
        session.add(
            .init(
                number: 1, url: "https://example.com/list", start: 0, connection: 1,
                phases: [(.wait, 20), (.receive, 305)], status: 200,
                fields: [.contentType: "text/plain", .contentEncoding: "gzip, br"], bytes: 120,
                chunks: [0, 20, 270, 300], shown: Array("one line\nand another\n".utf8), codings: ["gzip", "br"],
                problem: problem))
        var model = Self.model(columns: 100, rows: 24, selecting: 1, session: session)
        model.tab = .body
        _ = update(&model, .key(.enter), at: ScriptedSession.now)
        expect(model, looksLike: problem == nil ? "page-decoded" : "page-undecoded")
    }

    @Test(arguments: [(120, 36), (80, 24)])
    func `a hop says where it came from, what all took, and what was left out`(columns: Int, rows: Int) {
        var session = ScriptedSession()
        let here = "http://example.com/"
        session.add(
            .init(
                number: 1, url: here, start: 0, connection: 1, phases: [(.connect, 30), (.wait, 40), (.receive, 1)],
                status: 301, fields: [.location: "https://example.com/"]))
        session.add(
            .init(
                number: 2, url: "https://example.com/", cause: .redirect(from: ExchangeID(1)), start: 72, connection: 2,
                phases: [(.connect, 30), (.tls, 60), (.wait, 42), (.receive, 280)], status: 200, bytes: 9_000,
                chunks: [0, 20, 270, 280],
                redirection: Redirection(
                    from: ExchangeID(1), status: 301, hop: 1, chainStart: .zero,
                    firstOrigin: Origin(scheme: .http, host: "example.com"), withheld: ["Authorization"])))
        session.add(
            .init(
                number: 3, url: here, start: 500, connection: 1, use: 2, phases: [(.wait, 40), (.receive, 1)],
                status: 301, fields: [.location: "ftp://example.com/"]))
        expect(
            Self.model(columns: columns, rows: rows, selecting: 2, session: session),
            looksLike: "hop-\(columns)x\(rows)")
        var model = Self.model(columns: columns, rows: rows, selecting: 3, session: session)
        _ = update(&model, .key(.character(",")), at: ScriptedSession.now)
        expect(model, looksLike: "options-\(columns)x\(rows)")
    }

    @Test func `a tunnel is a line of its own where there is one`() {
        var session = ScriptedSession()
        session.add(
            .init(
                number: 1, url: "https://api.example.com/orders", start: 0, connection: 1,
                phases: [
                    (.queued, 1), (.dns, 4), (.connect, 20), (.tunnel, 60), (.tls, 45), (.send, 1), (.wait, 80),
                    (.receive, 5),
                ], status: 200, bytes: 500))
        var model = Self.model(columns: 100, rows: 24, selecting: nil, session: session)
        _ = update(&model, .key(.enter), at: ScriptedSession.now)
        expect(model, looksLike: "page-timing-tunnel")
    }

    @Test func `bytes that are no text are dumped`() {
        var session = ScriptedSession()
        session.add(
            .init(
                number: 1, url: "https://example.com/logo.png", start: 0, connection: 1,
                phases: [(.wait, 20), (.receive, 5)],
                status: 200, bytes: 100, shown: (0..<100).map { UInt8($0 * 7 % 256) }))
        var model = Self.model(columns: 100, rows: 40, selecting: nil, session: session)
        model.tab = .body
        _ = update(&model, .key(.enter), at: ScriptedSession.now)
        expect(model, looksLike: "page-bytes")
    }

    @Test func `what a peer sends never commands the terminal`() {
        var session = ScriptedSession()
        session.add(
            .init(
                number: 1, url: "http://example.com/", start: 0, connection: 1, phases: [(.wait, 20), (.receive, 5)],
                status: 200, fields: [.server: "evil\u{1B}]0;owned\u{7}\u{202E}txt"], bytes: 20,
                shown: Array("\u{1B}[2Jcleared\r\u{8}\u{200B}x".utf8)))
        for tab in [DetailTab.headers, .body, .raw] {
            var model = Self.model(columns: 100, rows: 40, selecting: nil, session: session)
            model.tab = tab
            model.settle()
            let screen = render(model, at: ScriptedSession.now).screen
            for row in 0..<screen.size.rows {
                #expect(!screen.text(row: row).unicodeScalars.contains { $0.properties.generalCategory == .control })
            }
        }
    }

    @Test func `the help lists every key`() {
        var model = Self.model(columns: 100, rows: 80)
        _ = update(&model, .key(.character("?")), at: ScriptedSession.now)
        expect(model, looksLike: "help")
    }

    @Test func `the connections have a screen`() {
        var model = Self.model(columns: 120, rows: 36)
        for _ in 0..<2 { _ = update(&model, .key(.character("c")), at: ScriptedSession.now) }
        expect(model, looksLike: "connections")
    }

    @Test func `an idle limit is whole though the connection was heard of a little later`() {
        var model = Self.model(columns: 120, rows: 36)
        let rest = Timestamp.milliseconds(599)
        let record = TraceRecord(
            time: rest + .microseconds(30), exchange: nil, connection: ConnectionID(5),
            event: .connectionIdle(until: rest + .seconds(90)))
        _ = update(&model, .trace([record]), at: ScriptedSession.now)
        #expect(Self.text(of: model).contains("idle 0s/90"))
    }

    @Test func `the probe line says what is wrong while it is typed`() {
        var model = Self.model(columns: 120, rows: 36)
        for key in "nPOST ftp://example.com".map(Key.character) {
            _ = update(&model, .key(key), at: ScriptedSession.now)
        }
        expect(model, looksLike: "probe-wrong")
    }

    @Test(arguments: [(120, 36, 34), (80, 24, 23)])
    func `what is wrong with the probe line is said whole where there is room`(columns: Int, rows: Int, row: Int) {
        var model = Self.model(columns: columns, rows: rows)
        // The dot is another one than DNS has.
        for key in "nbücher。invalid".map(Key.character) { _ = update(&model, .key(key), at: ScriptedSession.now) }
        let problem = " bücher。invalid can't be a host name; if it is one, type its xn-- form."
        let screen = render(model, at: ScriptedSession.now).screen
        #expect(screen.text(row: row) == problem)
        #expect(!screen.text(row: 1).contains("can't be"))
        // What was said before has the line for itself.
        _ = update(&model, .notice("Saved.", isError: false), at: ScriptedSession.now)
        #expect(Self.text(of: model).contains("can't be a host name"))
    }

    @Test func `the probe line says what Enter would send`() {
        var model = Self.model(columns: 80, rows: 24)
        for key in "nexample.com/a -d x=1".map(Key.character) { _ = update(&model, .key(key), at: ScriptedSession.now) }
        expect(model, looksLike: "probe-80x24")
    }

    @Test func `a failed request says why`() {
        expect(Self.model(columns: 120, rows: 36, selecting: 10), looksLike: "failed")
    }

    @Test func `requests with pauses between them are aligned`() {
        expect(Self.model(columns: 120, rows: 24, selecting: nil, session: .oneByOne()), looksLike: "one-by-one")
    }

    @Test func `session time leaves pauses out`() {
        var model = Self.model(columns: 120, rows: 24, selecting: nil, session: .oneByOne())
        model.timeline = .session
        expect(model, looksLike: "pauses-cut")
    }
}

extension ScriptedSession {
    /// As a person types: every few seconds another one.
    static func oneByOne() -> ScriptedSession {
        var session = ScriptedSession()
        for number in 1...5 {
            let setUp: [(Phase, Double)] = number == 1 ? [(.dns, 12), (.connect, 24), (.tls, 33)] : []
            session.add(
                Probe(
                    number: number, url: "https://example.com/page/\(number)", start: Double(number - 1) * 4_000,
                    connection: 1, use: number,
                    phases: setUp + [(.send, 0.1), (.wait, 20 + Double(number) * 9), (.receive, 15)], status: 200,
                    bytes: 5_000))
        }
        return session
    }
}
