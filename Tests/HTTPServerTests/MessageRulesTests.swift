import HTTPTrace
import HTTPTypes
import HTTPWire
import Testing

@testable import HTTPServer

@Suite("Response plan")
struct ResponsePlanTests {
    private func plan(
        _ body: ResponseBody, status: Int = 200, to method: HTTPRequest.Method = .get, isHTTP10: Bool = false,
        mayBeKept: Bool = true
    ) -> ResponsePlan {
        ResponsePlan(status: status, body: body, to: method, isHTTP10: isHTTP10, mayBeKept: mayBeKept)
    }

    @Test func `a body of known length or in chunks keeps the connection`() {
        #expect(plan(.length(5)).framing == .length(5))
        #expect(plan(.length(5)).isKept)
        #expect(plan(.chunked).framing == .chunked)
        #expect(plan(.chunked).isKept)
    }

    @Test func `a body until close does not, whoever wants to keep it`() {
        #expect(!plan(.untilClose).isKept)
    }

    @Test func `an HTTP 1_0 client gets no chunks and is told when the connection stays`() {
        #expect(plan(.chunked, isHTTP10: true).framing == .untilClose)
        #expect(!plan(.chunked, isHTTP10: true).isKept)
        #expect(plan(.length(5), isHTTP10: true).saysKeepAlive)
        #expect(!plan(.length(5), isHTTP10: true, mayBeKept: false).saysKeepAlive)
        #expect(!plan(.length(5)).saysKeepAlive)
    }

    @Test func `HEAD tells the length and sends nothing`() {
        let answer = plan(.length(5), to: .head)
        #expect(answer.framing == .length(5))
        #expect(!answer.sendsBody)
        #expect(plan(.untilClose, to: .head).isKept)
    }

    @Test(arguments: [204, 304]) func `a status without body has neither body nor framing`(status: Int) {
        let answer = plan(.length(5), status: status)
        #expect(answer.framing == .none)
        #expect(!answer.sendsBody)
        #expect(answer.isKept)
    }
}

@Suite("Host rule")
struct HostRuleTests {
    @Test(arguments: ["localhost", "LOCALHOST:8080", "a.localhost", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:8080"])
    func `names that can only mean this machine pass`(authority: String) {
        #expect(HostRule.isLoopback(authority: authority))
    }

    @Test(arguments: [
        "", "example.com", "localhost.example.com", "127.0.0.1.example.com", "127.0.0.1x", "notlocalhost", "10.0.0.1",
        "[::2]", "127.1",
        "127.0.0.256",
    ])
    func `names that somebody could point here don't`(authority: String) {
        #expect(!HostRule.isLoopback(authority: authority))
    }
}

@Suite("Dates")
struct HTTPDateTests {
    @Test func `a date is written as the standard's example`() {
        #expect(HTTPDate.text(unixSeconds: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test func `the standing lines change with the second and not before`() {
        var fields = StandingFields(serverName: "test")
        let first = String(decoding: fields.lines(at: 784_111_777), as: UTF8.self)
        #expect(first == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: test\r\n")
        #expect(fields.lines(at: 784_111_778) != Array(first.utf8))
    }
}
