import HTTPTrace
import HTTPTypes
import Sessions
import Testing
import TextScreen

@testable import Inspector

@Suite("Bodies in other programs")
struct ProgramTextTests {
    private static let now = ScriptedSession.now

    private func model(body: [UInt8]) -> Model {
        var session = ScriptedSession()
        session.add(
            .init(
                number: 1, url: "http://a.example/", method: .post, body: "sent", start: 0, connection: 1,
                phases: [(.wait, 20), (.receive, 5)], status: 200, bytes: body.count, shown: body))
        var model = ScreenTests.model(columns: 100, rows: 30, selecting: 1, session: session)
        for key in [Key.character("3"), .enter] { _ = update(&model, .key(key), at: Self.now) }
        return model
    }

    private func text(_ body: [UInt8], of total: Int? = nil) -> String {
        let capture = BodyCapture(bytes: body, totalBytes: total ?? body.count, sha256: "")
        return String(decoding: PagerText.bytes(of: capture), as: UTF8.self)
    }

    @Test func `v hands the body that is shown to the pager`() {
        var model = model(body: Array("one\r\ntwo".utf8))
        #expect(update(&model, .key(.character("v")), at: Self.now) == [.view(Array("one\ntwo\n".utf8))])
        _ = update(&model, .key(.character("b")), at: Self.now)
        #expect(update(&model, .key(.character("v")), at: Self.now) == [.view(Array("sent\n".utf8))])
        _ = update(&model, .key(.character("2")), at: Self.now)
        #expect(update(&model, .key(.character("v")), at: Self.now) == [])
        #expect(model.message?.text.hasPrefix("v has nothing to do just now") == true)
    }

    // robustness.md, promise 4.
    @Test func `nothing that a pager gets commands a terminal, and what is left out is said`() {
        #expect(text(Array("a\u{1B}[2J\tb\u{202E}\n\nü\n".utf8)) == "a^[[2J  b<U+202E>\n\nü\n")
        #expect(text([0x61, 0xFF] + Array(repeating: 0x20, count: 40)).hasPrefix("a\\xFF "))
        #expect(text([0, 0x1B, 0x41]).hasPrefix(" 000000  00 1b 41 ") && text([0, 0x1B, 0x41]).hasSuffix(" ..A\n"))
        #expect(text(Array("half".utf8), of: 8) == "half\n[Cut at 4 B; 8 B were received.]\n")
    }

    @Test(arguments: [
        ("other", "other"), ("other\n", "other"), ("two\nlines\n", "two\nlines"), ("sent\n\n", "sent\n"),
    ])
    func `an edited body is sent as a new row, without the line end that editors add`(
        edited: String, sent: String
    ) throws {
        var model = model(body: Array("answer".utf8))
        #expect(
            update(&model, .key(.character("V")), at: Self.now) == [.editBody(Array("sent".utf8), of: ExchangeID(1))])
        var draft = try #require(model.session[ExchangeID(1)]?.draft)
        draft.body = Array(sent.utf8)
        #expect(
            update(&model, .edited(Array(edited.utf8), of: ExchangeID(1)), at: Self.now)
                == [.send(draft, ExchangeID(2), .replay(of: ExchangeID(1)))])
    }

    @Test(arguments: ["sent", "sent\n"])
    func `a body that was not changed is not sent`(edited: String) {
        var model = model(body: [])
        #expect(update(&model, .edited(Array(edited.utf8), of: ExchangeID(1)), at: Self.now) == [])
        #expect(model.message?.text == "Nothing was changed, and nothing is sent.")
    }

    @Test func `a length that was given for the old body does not go with the new one`() {
        var model = model(body: [])
        var draft = RequestDraft(method: .put, url: try! TypedURL.parse("a.example"), body: Array("1234".utf8))
        draft.fields = [.contentLength: "4", .contentType: "text/plain"]
        _ = update(&model, .begin(draft, ExchangeID(2), .typed), at: Self.now)
        draft.fields[.contentLength] = nil
        draft.body = Array("1".utf8)
        #expect(
            update(&model, .edited(draft.body, of: ExchangeID(2)), at: Self.now)
                == [.send(draft, ExchangeID(3), .replay(of: ExchangeID(2)))])
    }
}
