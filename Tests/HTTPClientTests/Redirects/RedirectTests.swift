import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPClient

@NetworkActor
@Suite("Following redirects")
struct RedirectTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    private static func redirect(to location: String, _ status: Int = 302, body: String = "") -> String {
        "HTTP/1.1 \(status) Found\r\nLocation: \(location)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func `each hop is an exchange of its own, on the connection of the one before`() async throws {
        let server = try ScriptedServer([
            .readHead, .send(Self.redirect(to: "/2", body: "moved")), .readHead, .send(Self.redirect(to: "/3", 301)),
            .readHead, .send(Self.ok), .awaitClose,
        ])
        let test = try TestClient()
        let response = try await send(ClientRequest(url: server.url("/1")), test)
        #expect(response.status == 200)
        #expect(try await response.body.collect(upTo: 10) == Array("ok".utf8))

        let hops = Dictionary(grouping: test.events.all) { $0.exchange! }.sorted { $0.key < $1.key }.map(\.value)
        #expect(hops.count == 3)
        #expect(hops.map { $0.last?.event.word } == Array(repeating: "requestFinished", count: 3))
        #expect(
            hops[1].map(\.event.word) == [
                "requestStarted", "redirected(302 hop 1)", "getConn", "gotConn(c1 reused idle)", "wroteHeaders",
                "wroteRequest", "flushed", "gotFirstResponseByte", "responseHead(301)", "bodyEnded(complete 0)",
                "putIdleConn", "requestFinished",
            ])
        guard case .redirected(let last) = hops[2][1].event else {
            Issue.record("the last hop does not say where it came from")
            return
        }
        #expect(last.from == hops[1][0].exchange)
        #expect(last.chainStart <= hops[0][0].time)
        #expect(server.received[0].contains("GET /1 "))
        #expect(server.received[0].contains("GET /3 "))
    }

    @Test func `credentials stay with the origin they were given for`() async throws {
        let second = try ScriptedServer([.readHead, .send(Self.ok), .awaitClose])
        let first = try ScriptedServer([
            .readHead, .send(Self.redirect(to: second.url("/there").description)), .awaitClose,
        ])
        var request = ClientRequest(url: first.url())
        request.url.userInfo = "me:pw"
        request.fields = [.cookie: "a=1", .accept: "text/html"]
        _ = try await send(request, try TestClient()).body.collect(upTo: 10)
        #expect(first.received[0].contains("Authorization: Basic"))
        #expect(first.received[0].contains("Cookie: a=1"))
        #expect(!second.received[0].contains("Authorization"))
        #expect(!second.received[0].contains("Cookie"))
        #expect(second.received[0].contains("Accept: text/html"))
    }

    @Test func `an endless row of redirects ends at the limit`() async throws {
        let server = try ScriptedServer(
            Array(repeating: [Step.readHead, .send(Self.redirect(to: "/again"))], count: 5).flatMap { $0 }
                + [.awaitClose])
        let test = try TestClient()
        await #expect(throws: Failure.self) {
            try await test.client.send(ClientRequest(url: server.url()), following: RedirectPolicy(limit: 4))
        }
        #expect(server.received[0].components(of: "GET ") == 5)
    }

    @Test func `the time limit is for all hops together`() async throws {
        let gate = Gate()
        let server = try ScriptedServer([
            .readHead, .send(Self.redirect(to: "/2")), .readHead, .wait(gate), .send(Self.ok), .awaitClose,
        ])
        let test = try TestClient { $0.requestTimeout = .milliseconds(300) }
        let failure = await failure { _ = try await send(ClientRequest(url: server.url()), test) }
        #expect(failure?.kind == .timeout)
        gate.open()
    }

    @Test func `a redirect whose body breaks off leads on all the same`() async throws {
        let cut = "HTTP/1.1 302 Found\r\nLocation: /2\r\nContent-Length: 9\r\n\r\nhello"
        let server = try ScriptedServer(
            [.readHead, .send(cut), .close], [.readHead, .send(Self.ok), .awaitClose])
        let test = try TestClient()
        let response = try await send(ClientRequest(url: server.url()), test)
        #expect(try await response.body.collect(upTo: 10) == Array("ok".utf8))
        let ends = test.events.words.filter { $0.hasPrefix("requestFinished") }
        #expect(ends == ["requestFinished(truncated)", "requestFinished"])
    }

    @Test func `a redirect is the answer to who doesn't follow`() async throws {
        let server = try ScriptedServer([.readHead, .send(Self.redirect(to: "/2")), .awaitClose])
        let test = try TestClient()
        #expect(try await test.fetch(server.url()).status == 302)
    }

    @Test func `cookies set on the way are sent on the way`() async throws {
        let setting = "HTTP/1.1 302 Found\r\nLocation: /2\r\nSet-Cookie: id=7; Path=/\r\nContent-Length: 0\r\n\r\n"
        let server = try ScriptedServer([
            .readHead, .send(setting), .readHead, .send(Self.ok), .readHead, .send(Self.ok), .awaitClose,
        ])
        let test = try TestClient()
        test.client.cookies = CookieJar()
        _ = try await send(ClientRequest(url: server.url()), test).body.collect(upTo: 10)
        #expect(server.received[0].components(of: "Cookie: id=7") == 1)
        // What was asked for is told without them: a replay brings its own.
        for record in test.events.all {
            if case .requestStarted(let head) = record.event { #expect(head.fields.isEmpty) }
        }
        #expect(test.client.cookies?.cookies.map(\.name) == ["id"])
        // What is sent for somebody else brings its own.
        var passedOn = ClientRequest(url: server.url("/3"))
        passedOn.usesCookieJar = false
        _ = try await test.fetch(passedOn)
        #expect(server.received[0].components(of: "Cookie:") == 1)
    }

    private func send(_ request: ClientRequest, _ test: TestClient) async throws(Failure) -> Response {
        let result = await withClientTrace(test.events.trace) {
            await Result.of { () async throws(Failure) in
                try await test.client.send(request, following: RedirectPolicy())
            }
        }
        return try result.get()
    }

    private func failure(_ work: () async throws -> Void) async -> Failure? {
        do { try await work() } catch { return error as? Failure }
        return nil
    }
}

extension String {
    /// How often `text` is in it.
    fileprivate func components(of text: String) -> Int {
        var (count, rest) = (0, self[...])
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
