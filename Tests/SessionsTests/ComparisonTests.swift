import HTTPTrace
import HTTPTypes
import Sessions
import Testing

@Suite("Comparing two exchanges")
struct ComparisonTests {
    private func lines(_ text: String) -> [String] { text.map { String($0) } }

    @Test func `what stayed, went and came stands in the order of both texts`() {
        #expect(
            LineDiff.edits(from: lines("abcd"), to: lines("axcde"))
                == [.same("a"), .removed("b"), .added("x"), .same("c"), .same("d"), .added("e")])
        #expect(LineDiff.edits(from: lines(""), to: lines("ab")) == [.added("a"), .added("b")])
        #expect(LineDiff.edits(from: lines("ab"), to: lines("")) == [.removed("a"), .removed("b")])
        #expect(LineDiff.edits(from: lines("aa"), to: lines("aaa")) == [.same("a"), .same("a"), .added("a")])
    }

    @Test func `a difference always leads from the one text to the other`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let texts = (0..<2).map { _ in
                (0..<Int.random(in: 0...12, using: &random)).map { _ in Int.random(in: 0...3, using: &random) }
            }
            let edits = LineDiff.edits(from: texts[0], to: texts[1])!
            let old = edits.filter { !$0.isAddition }.map(\.line)
            let new = edits.filter { !$0.isRemoval }.map(\.line)
            #expect([old, new] == texts)
        }
    }

    @Test func `texts without much in common are not compared by lines`() {
        let old = (0...LineDiff.limit).map { "old \($0)" }
        #expect(LineDiff.edits(from: old, to: ["new"]) == nil)
        // What they share at their ends does not count.
        #expect(LineDiff.edits(from: old, to: old + ["new"])?.count == old.count + 1)
    }

    private func exchange(
        _ number: Int, _ url: String = "http://example.com/", status: Int = 200, fields: HTTPFields = [:],
        body: [UInt8]? = nil, total: Int? = nil
    ) -> Exchange {
        var exchange = Exchange(id: ExchangeID(number), draft: Story.draft(url), at: .zero)
        exchange.response = ResponseHead(status: status, reason: "", version: "HTTP/1.1", fields: fields)
        if let body {
            let digest = "\(body.count) \(body)"
            exchange.body = BodyCapture(bytes: body, totalBytes: total ?? body.count, sha256: digest)
        }
        return exchange
    }

    @Test func `request and response are compared field by field`() {
        let comparison = Comparison(
            exchange(1, fields: [.server: "a", .age: "1"]),
            exchange(2, "http://example.com/x", status: 500, fields: [.server: "a", .age: "2"]))
        #expect(comparison.request == [.removed("GET http://example.com/"), .added("GET http://example.com/x")])
        #expect(
            comparison.response == [
                .removed("HTTP/1.1 200 "), .added("HTTP/1.1 500 "), .same("Server: a"), .removed("Age: 1"),
                .added("Age: 2"),
            ])
    }

    @Test func `what was sent is compared too`() {
        var (before, after) = (exchange(1), exchange(2))
        #expect(Comparison(before, after).requestBody == .nothingToCompare)
        before.draft.body = Array("paid".utf8)
        after.draft.body = before.draft.body
        #expect(Comparison(before, after).requestBody == .same)
        after.draft.body = Array("open".utf8)
        #expect(
            Comparison(before, after).requestBody
                == .lines([.removed(ArraySlice("paid".utf8)), .added(ArraySlice("open".utf8))]))
    }

    @Test func `bodies are the same, differ by lines, differ somewhere, or are not there`() {
        let change = { (old: [UInt8]?, new: [UInt8]?) in
            Comparison(self.exchange(1, body: old), self.exchange(2, body: new)).body
        }
        #expect(change(Array("a\nb".utf8), Array("a\nb".utf8)) == .same)
        #expect(
            change(Array("a\nb".utf8), Array("a\nc".utf8))
                == .lines([
                    .same(ArraySlice("a".utf8)), .removed(ArraySlice("b".utf8)), .added(ArraySlice("c".utf8)),
                ]))
        #expect(change([1, 0, 2], [1, 0, 3]) == .differs(fromByte: 2))
        #expect(change([1, 0], [1, 0, 3]) == .differs(fromByte: 2))
        #expect(change(nil, [1]) == .nothingToCompare)
        #expect(change([], []) == .nothingToCompare)
    }

    @Test func `bodies of which the same was kept are not the same for that`() {
        let kept = Array("begin".utf8)
        let long = BodyCapture(bytes: kept, totalBytes: 9, sha256: "aa")
        let other = BodyCapture(bytes: kept, totalBytes: 9, sha256: "bb")
        var (before, after) = (exchange(1), exchange(2))
        (before.body, after.body) = (long, other)
        #expect(Comparison(before, after).body == .differsBehind(keptBytes: 5))
        // The same of bodies that came in, of which the drafts have what was kept.
        var served = ServedRequest(
            id: ServerRequestID(1), connection: ServerConnectionID(1), client: ServerStory.client, at: .zero)
        served.body = other
        (before.draft.body, after.draft.body) = (kept, kept)
        (before.served, after.served) = (served, served)
        before.served?.body = long
        #expect(Comparison(before, after).requestBody == .differsBehind(keptBytes: 5))
        before.served?.body = other
        #expect(Comparison(before, after).requestBody == .same)
    }

    @Test func `what is still arriving makes another comparison later`() {
        let before = exchange(1)
        var after = exchange(2)
        let early = Comparison.Subject(before, after)
        #expect(early == Comparison.Subject(before, after))
        after.body = BodyCapture(bytes: [1], totalBytes: 1, sha256: "")
        #expect(early != Comparison.Subject(before, after))
    }
}

extension LineEdit {
    fileprivate var isAddition: Bool { if case .added = self { true } else { false } }
    fileprivate var isRemoval: Bool { if case .removed = self { true } else { false } }

    fileprivate var line: Line {
        switch self {
        case .same(let line), .removed(let line), .added(let line): line
        }
    }
}
