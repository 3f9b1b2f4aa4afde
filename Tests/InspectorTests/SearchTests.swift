import HTTPTrace
import HTTPTypes
import Sessions
import Testing
import TextScreen

@testable import Inspector

@Suite("Searching")
struct SearchTests: PressesKeys {
    /// The keys that matter now.
    private func bottom(_ model: Model) -> String {
        render(model, at: Self.now).screen.text(row: model.size.rows - 1)
    }

    /// What stands in marked cells, row by row.
    private func marked(_ model: Model) -> [String] {
        let screen = render(model, at: Self.now).screen
        return (0..<screen.size.rows).compactMap { row in
            let cells = screen[row: row].filter { $0.style.attributes.contains(.underline) }
            return cells.isEmpty ? nil : cells.map(\.glyph.text).joined()
        }
    }

    /// One answer with this body, its page open on the whole screen.
    private func page(of body: String, columns: Int = 60, rows: Int = 20) -> Model {
        var session = ScriptedSession()
        session.add(
            .init(
                number: 1, url: "http://a.example/", start: 0, connection: 1, phases: [(.wait, 20), (.receive, 5)],
                status: 200, fields: [.contentType: "text/plain"], bytes: body.utf8.count, shown: Array(body.utf8)))
        var model = ScreenTests.model(columns: columns, rows: rows, selecting: 1, session: session)
        press("3\r", in: &model)
        if model.focus != .detail || !model.isExpanded { press("\r", in: &model) }
        return model
    }

    // MARK: the list

    @Test(arguments: [
        ("orders", "nnn", [3, 4, 5, 3]), ("POST", "n", [4, 4]), ("post", "n", [4, 4]), ("refused", "n", [10, 10]),
        ("köln", "", [1]), ("Köln", "", [1]), ("KÖLN", "", []), ("server-timing: db", "n", [3, 3]),
        ("paid", "nN", [3, 3, 3]),
        ("\"user\":7", "", [4]), ("nowhere to be found", "", []),
    ])
    func `the list is searched through everything, in its order and on from its end`(
        text: String, keys: String, numbers: [Int]
    ) {
        var model = ScreenTests.model(columns: 120, rows: 36, selecting: 14)
        var found: [Int] = []
        for keys in ["/\(text)\r"] + keys.map(String.init) {
            press(keys, in: &model)
            if model.message?.text.contains("ound in ") == true { found.append(model.selected?.number ?? 0) }
        }
        #expect(found == numbers)
        if numbers.isEmpty { #expect(model.message?.text == "\(text) is in none of the listed requests.") }
    }

    @Test func `what is found is shown: its page, with the match marked`() {
        var model = ScreenTests.model(columns: 120, rows: 36, selecting: 14)
        press("/99.50\r", in: &model)
        #expect(model.selected == ExchangeID(3))
        #expect(model.message?.text == "Past the end, on from the top: found in the answer's body of #3.")
        #expect(model.tab == .body)
        #expect(marked(model) == ["99.50"])
        press("/nginx\r", in: &model)
        #expect(model.selected == ExchangeID(4))
        #expect(model.tab == .headers)
        press("/cdn.EXAMPLE\r", in: &model)
        #expect(model.message?.text == "cdn.EXAMPLE is in none of the listed requests.")
        press("/cdn.example\r", in: &model)
        #expect(model.selected == ExchangeID(8))
        // Both of its rows, and the title of neither: rules are no part of what is searched.
        #expect(marked(model).prefix(2) == ["cdn.example", "cdn.example"])
    }

    @Test func `while something is looked for, n goes on and the bottom line says so; Esc ends it`() {
        var model = ScreenTests.model(columns: 120, rows: 36, selecting: 14)
        #expect(bottom(model).hasPrefix(" n Probe  r Replay"))
        press("/orders\r", in: &model)
        #expect(bottom(model).hasPrefix(" n Next  N Previous  a Probe  r Replay"))
        press("a", in: &model)
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("a types a request at any time")
            return
        }
        #expect(prompt.purpose == .probe(editing: nil))
        press("\u{1B}", in: &model)
        press("\u{1B}", in: &model)
        #expect(model.message?.text == "The search is over; n types a request again.")
        #expect(bottom(model).hasPrefix(" n Probe  r Replay"))
        press("n", in: &model)
        #expect(model.mode != .browsing)
        press("\u{1B}", in: &model)
        // An empty line looks for the same again.
        press("/\r", in: &model)
        #expect(model.search?.needle.text == "orders")
    }

    @Test func `N goes back, from the top on from the end`() {
        var model = ScreenTests.model(columns: 120, rows: 36, selecting: 4)
        press("/users\r", in: &model)
        #expect(model.selected == ExchangeID(1))
        press("N", in: &model)
        #expect(model.selected == ExchangeID(2))
        #expect(model.message?.text == "Past the top, on from the end: found in the URL of #2.")
    }

    @Test func `much is searched in portions, which any key ends`() {
        var session = ScriptedSession()
        for number in 1...4 {
            session.add(
                .init(
                    number: number, url: "http://a.example/\(number)", start: Double(number), connection: 1,
                    use: number, phases: [(.wait, 1), (.receive, 1)], status: 200, bytes: 1 << 20,
                    shown: [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)))
        }
        var model = ScreenTests.model(columns: 120, rows: 36, selecting: 4, session: session)
        #expect(press("/y z\r", in: &model) == [.goOnSearching])
        #expect(model.message?.text == "Looking for y z: 2 requests to go; any key stops.")
        #expect(update(&model, .searchOn, at: Self.now) == [])
        #expect(model.message?.text == "y z is in none of the listed requests.")
        #expect(press("n", in: &model) == [.goOnSearching])
        press("j", in: &model)
        #expect(update(&model, .searchOn, at: Self.now) == [])
        #expect(model.search != nil)
    }

    // MARK: the page

    @Test func `in a body each match is gone to and scrolled to, on from the end and back`() {
        let lines = (1...200).map { "line \($0)" }
        var model = page(of: lines.joined(separator: "\n"))
        press("/line 7\r", in: &model)
        var places: [Int?] = []
        for key in ["", "n", "n", "N", "N", "N"] {
            press(key, in: &model)
            places.append(model.currentMatch?.line)
            #expect(marked(model).contains("line 7"))
        }
        // Line 7, 70, 71; the first line of the page is no part of the body.
        #expect(places == [7, 70, 71, 70, 7, 79])
        #expect(model.message?.text == "Past the top: on from the end.")
        press("n", in: &model)
        #expect(model.message?.text == "Past the end: on from the top.")
        press("/LINE\r", in: &model)
        #expect(model.message?.text.hasPrefix("LINE is not on this page") == true)
        press("/line 200\rn", in: &model)
        #expect(model.message?.text == "This is the only match on this page.")
    }

    @Test func `who has scrolled away goes on from there`() {
        let lines = (1...200).map { $0 % 2 == 0 ? "even" : "odd" }
        var model = page(of: lines.joined(separator: "\n"))
        press("/even\r", in: &model)
        #expect(model.currentMatch?.line == 2)
        press("GN", in: &model)
        #expect(model.currentMatch?.line == 200)
        press("gn", in: &model)
        #expect(model.currentMatch?.line == 2)
    }

    @Test func `a match that the pane's edge cuts is found and marked in both lines`() {
        var model = page(of: String(repeating: "x", count: 55) + "needle" + String(repeating: "y", count: 80))
        press("/needle\r", in: &model)
        #expect(model.currentMatch == DetailPage.Place(line: 1, start: 55))
        #expect(marked(model) == ["nee", "dle"])
    }

    @Test func `in a dump the bytes and their text are marked`() {
        var model = page(of: "\u{0}\u{1}\u{2}\u{3}0123456789 needle in it", columns: 100, rows: 30)
        press("/needle\r", in: &model)
        #expect(marked(model) == ["6en", "65 65 64 6c 65eedle"])
    }

    @Test func `wide characters, tabs and what is written out keep the marks in their place`() {
        var model = page(of: "東京\t\u{200B}needle\nGrüße needle")
        press("/needle\r", in: &model)
        #expect(marked(model) == ["needle", "needle"])
        press("/üße\r", in: &model)
        #expect(marked(model) == ["üße"])
    }

    @Test(arguments: [DetailTab.headers, .timing, .events, .raw])
    func `other pages are searched as they are shown`(tab: DetailTab) {
        var model = page(of: "hello")
        press("\(tab.rawValue + 1)", in: &model)
        let texts = [
            DetailTab.headers: "type: text", .timing: "receive", .events: "response head", .raw: "Host: a",
        ]
        let text = texts[tab]!
        press("/\(text)\r", in: &model)
        #expect(marked(model).contains { $0.lowercased().hasPrefix(text.lowercased()) })
        #expect(model.currentMatch != nil)
    }

    @Test(arguments: [
        ("a", "banana", [1, 3, 5]), ("ana", "bAnAna", [1, 3]), ("Na", "banaNa", [4]), ("ß", "GRÜSSE", []),
        ("longer than it", "short", []), ("x", "", []),
    ])
    func `a needle is found wherever it begins`(text: String, haystack: String, places: [Int]) throws {
        let needle = try #require(Needle(text))
        let bytes = Array(haystack.utf8)[...]
        #expect(needle.all(in: bytes) == places)
        #expect(needle.first(in: bytes) == places.first)
        #expect(needle.last(in: bytes) == places.last)
        #expect(Needle("") == nil)
    }
}
