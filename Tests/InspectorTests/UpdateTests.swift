import HTTPTrace
import HTTPTypes
import Sessions
import Testing
import TextScreen

@testable import Inspector

@Suite("Keys and messages")
struct UpdateTests: PressesKeys {
    private func model(_ session: ScriptedSession? = .busyMorning()) -> Model {
        ScreenTests.model(columns: 120, rows: 36, selecting: nil, session: session)
    }

    private static func draft(_ url: String, method: HTTPRequest.Method = .get) -> RequestDraft {
        RequestDraft(method: method, url: try! TypedURL.parse(url))
    }

    // MARK: asking

    @Test func `a typed URL is sent and becomes the selected row`() {
        var model = model()
        press("nexample.com/a", in: &model)
        let effects = press(.enter, in: &model)
        #expect(
            effects == [
                .send(Self.draft("example.com/a"), ExchangeID(15), .typed), .saveHistory(["example.com/a"]),
            ])
        #expect(model.selected == ExchangeID(15))
        #expect(model.mode == .browsing)
        #expect(model.counts.total == 15)
    }

    @Test func `options are turned behind a comma, and hold for what is typed from then on`() {
        var model = model()
        let effects = press(",z", in: &model)
        var options = RequestOptions()
        options.followsRedirects = true
        options.offersCompression = true
        #expect(effects == [.setOptions(options)])
        press("nexample.com/a", in: &model)
        var draft = Self.draft("example.com/a")
        draft.fields[.acceptEncoding] = RequestDraft.offeredCodings
        #expect(press(.enter, in: &model).first == .send(draft, ExchangeID(15), .typed))
        // A replay sends what was sent.
        press("g", in: &model)
        guard case .send(let replayed, _, _)? = press("r", in: &model).first else {
            Issue.record("not replayed")
            return
        }
        #expect(replayed.fields.isEmpty)
        press(",z", in: &model)
        #expect(press(",x", in: &model) == [])
        #expect(model.message?.text == "Nothing turned.")
    }

    @Test func `a redirect is followed by hand, once`() {
        var model = model()
        // 6 led to 7 already; 1 leads nowhere.
        for number in [6, 1] {
            model.select(row: model.rows.index(of: ExchangeID(number))!)
            #expect(press(">", in: &model) == [])
        }
        var session = ScriptedSession()
        session.add(
            .init(
                number: 1, url: "http://a/", start: 0, connection: 1, phases: [(.wait, 4), (.receive, 1)], status: 302,
                fields: [.location: "/b"]))
        var other = ScreenTests.model(columns: 120, rows: 36, selecting: 1, session: session)
        #expect(press(">", in: &other) == [.followRedirect(ExchangeID(1))])
        _ = update(
            &other, .begin(Self.draft("http://a/b"), ExchangeID(2), .redirect(from: ExchangeID(1))), at: Self.now)
        other.select(row: 0)
        #expect(press(">", in: &other) == [])
    }

    @Test func `what is no URL is not sent and says so in earnest`() {
        var model = model()
        press("nftp://x", in: &model)
        #expect(press(.enter, in: &model) == [])
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("the prompt is gone")
            return
        }
        #expect(prompt.isRefused)
        #expect(prompt.editor.text == "ftp://x")
    }

    @Test func `a replay is a new row that names the original`() {
        var model = model()
        model.select(row: 1)
        let effects = press("r", in: &model)
        #expect(
            effects == [
                .send(
                    Self.draft("https://api.example.com/v1/users/7"), ExchangeID(15), .replay(of: ExchangeID(2)))
            ])
        #expect(model.session[ExchangeID(2)] != nil)
    }

    @Test func `editing starts from the request as a line and sends a copy`() {
        var model = model()
        model.select(row: 3)
        press("e", in: &model)
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("no prompt")
            return
        }
        // It had no Content-Type, and behind -d there would be one.
        #expect(prompt.editor.text == "POST https://api.example.com/v1/orders -H Content-Type: -d '{\"user\":7}'")
        guard case .send(let draft, let id, let cause) = press(.enter, in: &model).first else {
            Issue.record("nothing was sent")
            return
        }
        #expect(draft == model.session[ExchangeID(4)]?.draft)
        #expect(id == ExchangeID(15))
        #expect(cause == .replay(of: ExchangeID(4)))
    }

    @Test func `a body with line ends is sent as it was when something else is edited`() {
        var model = model(nil)
        var original = Self.draft("http://a.example/one", method: .post)
        original.fields[.contentType] = "text/plain"
        original.body = Array("@first\r\n\tsecond\n".utf8)
        _ = update(&model, .begin(original, ExchangeID(1), .typed), at: Self.now)
        press("e", in: &model)
        #expect(press(.enter, in: &model).first == .send(original, ExchangeID(2), .replay(of: ExchangeID(1))))
    }

    @Test func `a body that no line can hold is left out, and that is said`() {
        var model = model(nil)
        var original = Self.draft("http://a.example/one", method: .post)
        original.body = Array(repeating: UInt8(ascii: "x"), count: LineEditor.lengthLimit)
        _ = update(&model, .begin(original, ExchangeID(1), .typed), at: Self.now)
        press("e", in: &model)
        #expect(model.message?.text == "The body is too long for a line and is left out; -d gives a new one.")
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("no prompt")
            return
        }
        #expect(prompt.editor.text == "POST http://a.example/one")
    }

    @Test func `editing keeps a URL's user and password out of sight, and takes them to no other origin`() {
        var model = model(nil)
        let original = Self.draft("http://me:secret@a.example/one")
        _ = update(&model, .begin(original, ExchangeID(1), .typed), at: Self.now)
        press("e", in: &model)
        let screen = render(model, at: Self.now).screen
        #expect(!(0..<36).contains { screen.text(row: $0).contains("secret") })
        #expect(press(.enter, in: &model).first == .send(original, ExchangeID(2), .replay(of: ExchangeID(1))))

        press("e", in: &model)
        press("/two", in: &model)
        let path = Self.draft("http://me:secret@a.example/one/two")
        #expect(press(.enter, in: &model).first == .send(path, ExchangeID(3), .replay(of: ExchangeID(2))))
        #expect(model.message == nil)

        press("e", in: &model)
        press(.control("u"), in: &model)
        press("https://a.example/one", in: &model)
        let elsewhere = Self.draft("https://a.example/one")
        #expect(press(.enter, in: &model).first == .send(elsewhere, ExchangeID(4), .replay(of: ExchangeID(3))))
        #expect(model.message?.text == "User and password were left out: they are for http://a.example.")

        model.select(row: 0)
        press("e", in: &model)
        press(.control("u"), in: &model)
        press("http://you:known@a.example/one", in: &model)
        let named = Self.draft("http://you:known@a.example/one")
        #expect(press(.enter, in: &model).first == .send(named, ExchangeID(5), .replay(of: ExchangeID(1))))

        for (number, line) in [(6, "HTTP://@a.example/one"), (7, "GET @a.example/one")] {
            model.select(row: 0)
            press("e", in: &model)
            press(.control("u"), in: &model)
            press(line, in: &model)
            let bare = Self.draft("http://a.example/one")
            #expect(press(.enter, in: &model).first == .send(bare, ExchangeID(number), .replay(of: ExchangeID(1))))
            #expect(model.message == nil)
        }
    }

    @Test func `X cancels a running request and has nothing to do for others`() {
        var model = model()
        model.select(row: 10)
        #expect(press("X", in: &model) == [.cancel(ExchangeID(11))])
        model.select(row: 0)
        #expect(press("X", in: &model) == [])
        #expect(model.message != nil)
    }

    @Test func `keys send no more requests than may run at the same time`() {
        var model = model(nil)
        let draft = Self.draft("a.example")
        for _ in 0..<Model.runningLimit {
            _ = update(&model, .begin(draft, model.numbers.next(), .typed), at: Self.now)
        }
        #expect(press("r", in: &model) == [])
        #expect(model.message?.text == "10,000 requests run already, and more than 10,000 may not.")
        #expect(model.counts.total == 10_000)
    }

    @Test func `numbers given out elsewhere are not used twice`() {
        var model = model()
        _ = update(&model, .begin(Self.draft("a.example"), ExchangeID(3), .typed), at: Self.now)
        #expect(model.counts.total == 14)
        #expect(model.message?.isError == true)
        #expect(model.numbers.next() == ExchangeID(15))
    }

    // MARK: pasting

    @Test func `several pasted lines are sent after one question`() {
        var model = model(nil)
        #expect(press(.paste("a.example\n\n# comment\nPOST b.example -d x\n"), in: &model) == [])
        #expect(model.mode != .browsing)
        let effects = press("y", in: &model)
        #expect(effects.count == 2)
        #expect(model.session.exchanges.map(\.draft.method) == [.get, .post])
    }

    @Test func `keys inside a paste are no commands`() {
        var model = model()
        #expect(press(.paste("Q"), in: &model) == [])
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("a paste opens the probe line")
            return
        }
        #expect(prompt.editor.text == "Q")
    }

    @Test func `a pasted curl command of several lines is one request`() {
        var model = model(nil)
        press(.paste("curl 'https://example.com/' \\\n  -H 'accept: */*' \\\n  --compressed\n"), in: &model)
        press(.enter, in: &model)
        var draft = Self.draft("https://example.com/")
        draft.fields[.accept] = "*/*"
        draft.fields[.acceptEncoding] = "deflate, gzip, br, zstd"
        #expect(model.session.exchanges.map(\.draft) == [draft])
    }

    @Test(arguments: [true, false])
    func `a pasted command whose body has lines is one request, and the body keeps them`(isTyping: Bool) {
        var model = model(nil)
        if isTyping { press("n", in: &model) }
        let command = "curl --location 'http://a.example/' \\\n--header \"X-It: it's\" \\\n"
        press(.paste(command + "--data '{\r\n  \"a\": \\\n\n}'\n# don't\n"), in: &model)
        press(.enter, in: &model)
        var draft = Self.draft("http://a.example/", method: .post)
        draft.fields[HTTPField.Name("X-It")!] = "it's"
        draft.fields[.contentType] = "application/x-www-form-urlencoded"
        draft.body = Array("{\n  \"a\": \\\n\n}".utf8)
        #expect(model.session.exchanges.map(\.draft) == [draft])
    }

    @Test func `lines pasted into a line that has begun become one of them, and a blank in a word stays`() {
        var model = model(nil)
        press("nPUT ", in: &model)
        press(.paste("a.example/ \\\n -H 'X-Two: a\nb'"), in: &model)
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("no prompt")
            return
        }
        #expect(prompt.editor.text == "PUT a.example/   -H 'X-Two: a'$'\\n''b'")
        press(.control("u"), in: &model)
        press("POST a.example -d a\\ b", in: &model)
        press(.enter, in: &model)
        #expect(model.session[ExchangeID(1)]?.draft.body == Array("a b".utf8))
    }

    @Test func `a paste with one bad line sends nothing`() {
        var model = model(nil)
        press(.paste("a.example\nftp://b.example\n"), in: &model)
        #expect(model.session.exchanges.isEmpty)
        #expect(model.message?.isError == true)
    }

    @Test(arguments: [
        ("a.example\n# comment\n\n\nftp://b.example\nc.example", 5),
        ("a.example \\\r\n -H 'X: y'\r\n\r\nftp://b.example \\\r\n -d x", 4),
    ])
    func `a bad line of a paste is numbered as it was copied`(text: String, number: Int) {
        var model = model(nil)
        press(.paste(text), in: &model)
        #expect(model.message?.text.hasPrefix("Nothing was sent: line \(number) is no request. ftp://") == true)
    }

    // MARK: moving

    @Test func `the newest row is followed until the selection leaves the end`() {
        var model = model()
        #expect(model.selected == ExchangeID(14))
        press("k", in: &model)
        _ = update(&model, .begin(Self.draft("a.example"), model.numbers.next(), .typed), at: Self.now)
        #expect(model.selected == ExchangeID(13))
        press("G", in: &model)
        _ = update(&model, .begin(Self.draft("a.example"), model.numbers.next(), .typed), at: Self.now)
        #expect(model.selected == ExchangeID(16))
    }

    @Test func `a row taken off the list comes back with u`() {
        var model = model()
        model.select(row: 2)
        press("d", in: &model)
        #expect(model.rows.index(of: ExchangeID(3)) == nil)
        #expect(model.selected == ExchangeID(4))
        press("u", in: &model)
        #expect(model.selected == ExchangeID(3))
        #expect(model.rows.count == 14)
    }

    @Test func `taking a running row off the list cancels its request`() {
        var model = model()
        model.select(row: 10)
        #expect(press("d", in: &model) == [.cancel(ExchangeID(11))])
    }

    @Test func `Esc goes back step by step and never quits`() {
        var model = model()
        press(.enter, in: &model)
        #expect(model.isExpanded)
        press(.escape, in: &model)
        #expect(!model.isExpanded && model.focus == .requests)
        #expect(press(.escape, in: &model) == [])
        #expect(model.mode == .browsing)
    }

    @Test func `the help is searched by typing any letter`() {
        var model = model()
        press("?quit", in: &model)
        #expect(model.mode == .help(HelpState(filter: "quit")))
        press(.escape, in: &model)
        #expect(model.mode == .browsing)
    }

    // MARK: filters and orders

    @Test(
        arguments: [
            ("status:301", [6]), ("is:failed", [10]), ("is:running -is:queued", [11, 12, 13]),
            ("conn:c1", [1, 2, 4, 12]),
            ("method:post", [4]), ("cdn", [8, 9]), ("host:127", [10]), ("time>250", [3]), ("size>1M", [13]),
            ("reused:yes status:2xx -conn:c5", [2, 4, 5, 12, 13]), ("proto:h2", [8, 9]), ("wait>160", [3]),
            ("status:301 OR is:failed", [6, 10]), ("cdn app.js OR method:post", [4, 8]),
            ("cdn (app.js OR method:post)", [8]), ("conn:c1 -(users OR method:post)", [12]),
            ("((status:301)) OR (is:failed OR (cdn -css))", [6, 8, 10]), ("-(-status:301)", [6]),
            ("or OR 301", [3, 4, 5]),
        ])
    func `a filter shows what it says`(text: String, numbers: [Int]) {
        var model = model()
        press("f" + text, in: &model)
        press(.enter, in: &model)
        #expect(model.rows.ids.map(\.number) == numbers)
        press("F", in: &model)
        #expect(model.rows.count == 14)
    }

    @Test(arguments: [
        "status:abc", "colour:red", "is:nice", "time>soon", "nonsense>3", "conn:x", "host:", "cdn OR", "OR", "(cdn",
        "cdn)", "()", "(cdn OR)", "-()",
    ])
    func `a wrong filter keeps the last good one`(text: String) {
        var model = model()
        press("fstatus:301", in: &model)
        press(.enter, in: &model)
        press("f", in: &model)
        press(.control("u"), in: &model)
        press(text, in: &model)
        press(.enter, .escape, in: &model)
        #expect(model.rows.ids == [ExchangeID(6)])
    }

    @Test func `parentheses inside of a word are part of it, and very many are no filter`() throws {
        let bird = try RowFilter("wiki/swift_(bird)")
        var session = ScriptedSession()
        for (number, path) in [(1, "wiki/Swift_(bird)"), (2, "wiki/Swift")] {
            session.add(
                .init(
                    number: number, url: "http://a.example/\(path)", start: Double(number), connection: 1, use: number,
                    phases: [(.wait, 1)], status: 200))
        }
        let model = model(session)
        #expect(model.session.exchanges.filter { bird.matches($0) }.map(\.id) == [ExchangeID(1)])
        let grouped = try RowFilter("(wiki/swift_(bird) OR nowhere)")
        #expect(model.session.exchanges.filter { grouped.matches($0) }.map(\.id) == [ExchangeID(1)])
        #expect(throws: RowFilter.Problem.self) { try RowFilter(String(repeating: "(", count: 60_000) + "a") }
        #expect(throws: RowFilter.Problem.self) { try RowFilter(String(repeating: "-(", count: 60_000)) }
    }

    @Test func `a filter half typed leaves the one in force, and an empty list names the one that is tried`() {
        var model = model()
        press("fstatus:301", in: &model)
        press(.enter, in: &model)
        press("f", in: &model)
        press(.control("u"), in: &model)
        press("nowhere", in: &model)
        #expect(model.rows.isEmpty)
        #expect(render(model, at: Self.now).screen.text(row: 4) == "  Nothing matches nowhere.")
        press(.control("u"), in: &model)
        press("status:foo", in: &model)
        #expect(model.rows.ids == [ExchangeID(6)])
        press(.escape, in: &model)
        #expect(model.rows.ids == [ExchangeID(6)])
    }

    @Test func `a row joins a filtered list when it comes to match`() {
        var model = model()
        press("fis:failed", in: &model)
        press(.enter, in: &model)
        let failure = Failure(.reset, phase: .wait, "reset by peer")
        let record = TraceRecord(
            time: Self.now, exchange: ExchangeID(11), connection: ConnectionID(2), event: .requestFinished(failure))
        _ = update(&model, .trace([record]), at: Self.now)
        #expect(model.rows.ids == [ExchangeID(10), ExchangeID(11)])
    }

    @Test func `ordered by time the longest is last and running ones behind it`() {
        var model = model()
        press("o", in: &model)
        #expect(model.rows.ids.map(\.number) == [10, 2, 6, 4, 9, 7, 1, 5, 8, 3, 11, 12, 13, 14])
        press("O", in: &model)
        #expect(model.rows.ids.map(\.number) == Array(1...14))
    }

    // MARK: copying, exporting, leaving

    @Test func `y and a letter copies`() {
        var model = model()
        model.select(row: 1)
        #expect(press("yu", in: &model) == [.copy("https://api.example.com/v1/users/7")])
        #expect(press("yc", in: &model) == [.copyCurl(ExchangeID(2))])
        #expect(press("yh", in: &model) == [.copy("HTTP/1.1 200 OK\nContent-Type: application/json\nServer: nginx")])
        #expect(press("yq", in: &model) == [])
    }

    @Test func `an export names the listed exchanges and whether secrets stay in`() {
        var model = model()
        press("fconn:c3", in: &model)
        press(.enter, in: &model)
        press("x --full", in: &model)
        #expect(
            press(.enter, in: &model)
                == [.export(ExportRequest(path: "session.har", isFull: true, exchanges: [ExchangeID(6)]))])
    }

    @Test func `an export into the home folder is written as a shell has it`() {
        var model = model()
        model.homePath = "/home/me"
        for (typed, path) in [("~/a.har", "/home/me/a.har"), ("b/~/a.har", "b/~/a.har"), ("~you/a.har", "~you/a.har")] {
            press("x", in: &model)
            press(.control("u"), in: &model)
            press(typed, in: &model)
            #expect(
                press(.enter, in: &model)
                    == [.export(ExportRequest(path: path, isFull: false, exchanges: model.rows.ids))])
        }
    }

    @Test func `a replay is compared with its original, a marked request comes first, and = again ends it`() {
        var model = model()
        model.select(row: 4)
        press("=", in: &model)
        #expect(model.comparison?.subject.before == ExchangeID(3))
        #expect(model.comparison?.subject.after == ExchangeID(5))
        #expect(model.isExpanded)
        press("=", in: &model)
        #expect(model.comparison == nil)
        model.select(row: 0)
        press("m", in: &model)
        #expect(model.selected == ExchangeID(2))
        model.select(row: 4)
        press("=", in: &model)
        #expect(model.comparison?.subject.before == ExchangeID(1))
        // The selection moves, the reference stays.
        press("J", in: &model)
        #expect(model.comparison?.subject.after == ExchangeID(6))
        #expect(model.comparison?.subject.before == ExchangeID(1))
        press(.escape, in: &model)
        #expect(model.comparedWith == nil)
        press("U", in: &model)
        #expect(model.marked == [])
    }

    @Test func `without a mark, an original or the same URL before there is nothing to compare with`() {
        var model = model()
        model.select(row: 0)
        press("=", in: &model)
        #expect(model.comparedWith == nil)
        #expect(model.message?.text.contains("mark another request with m") == true)
    }

    @Test func `an export of marked requests leaves the others out`() {
        var model = model()
        model.select(row: 0)
        press("mm", in: &model)
        press("x", in: &model)
        #expect(
            press(.enter, in: &model)
                == [
                    .export(
                        ExportRequest(
                            path: "session.har", isFull: false, exchanges: [ExchangeID(1), ExchangeID(2)],
                            note: "marked only (2 of 14)"))
                ])
    }

    @Test func `a file that exists is replaced after a y and not after Enter`() {
        var model = model()
        let request = ExportRequest(path: "session.har", isFull: false, exchanges: model.rows.ids)
        var agreed = request
        agreed.mayReplace = true
        for (key, effects) in [(Key.enter, []), (.character("y"), [Effect.export(agreed)])] {
            #expect(update(&model, .exportExists(request), at: .zero) == [])
            #expect(model.mode == .confirming(.replace(request)))
            #expect(press(key, in: &model) == effects)
            #expect(model.mode == .browsing)
        }
    }

    @Test func `the question whether to replace a file takes no key away from a line being typed`() {
        var model = model()
        press("nhttp", in: &model)
        let mode = model.mode
        let request = ExportRequest(path: "session.har", isFull: false, exchanges: [])
        #expect(update(&model, .exportExists(request), at: .zero) == [])
        #expect(model.mode == mode)
        #expect(model.message?.text == "session.har exists; nothing was written.")
    }

    @Test func `quitting while requests run asks once and Q does not`() {
        var model = model()
        #expect(press("q", in: &model) == [])
        #expect(model.mode == .confirming(.quit))
        #expect(press("n", in: &model) == [])
        #expect(press("qy", in: &model) == [.quit])
        #expect(press("Q", in: &model) == [.quit])
    }

    @Test func `^C twice quits, once leaves a prompt`() {
        var model = model()
        press("nabc", in: &model)
        #expect(press(.control("c"), in: &model) == [])
        #expect(model.mode == .browsing)
        #expect(press(.control("c"), in: &model) == [.quit])
    }

    @Test func `a key that is not bound says so and changes nothing else`() {
        var model = model()
        let before = render(model, at: Self.now).screen
        #expect(press("Z", in: &model) == [])
        #expect(model.message?.text == "Z is not bound here; ? lists the keys.")
        model.message = nil
        #expect(render(model, at: Self.now).screen == before)
    }

    @Test func `a click selects a row and the wheel moves in the pane under it`() {
        var model = model()
        press(.mouse(MouseEvent(.press(.left), column: 10, row: 4)), in: &model)
        #expect(model.selected == ExchangeID(2))
        press(.mouse(MouseEvent(.wheelDown, column: 10, row: 4)), in: &model)
        #expect(model.selected == ExchangeID(3))
    }

    // MARK: time

    @Test func `the first drag says how text is selected, and no other one does`() {
        var model = model()
        for column in 3...5 { press(.mouse(MouseEvent(.drag(.left), column: column, row: 3)), in: &model) }
        press(.mouse(MouseEvent(.release(.left), column: 5, row: 3)), in: &model)
        #expect(model.message?.text.hasPrefix("Shift-drag selects text") == true)
        press("j", in: &model)
        press(.mouse(MouseEvent(.drag(.left), column: 3, row: 3)), in: &model)
        #expect(model.message == nil)
    }

    @Test func `nothing is drawn again when nothing moves`() {
        #expect(nextFrame(model(nil), after: Self.now) == nil)
        #expect(nextFrame(model(.oneByOne()), after: Self.now) == Self.now + .seconds(1))
        #expect(nextFrame(model(), after: Self.now) == Self.now + .nanoseconds(16_666_667))
    }
}
