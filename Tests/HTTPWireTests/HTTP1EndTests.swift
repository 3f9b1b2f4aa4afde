import HTTPTypes
import Testing

@testable import HTTPWire

@Suite("Keeping the connection")
struct HTTP1EndTests {
    @Test(
        arguments: [
            ("HTTP/1.1 204 X\r\n", .reusable),
            ("HTTP/1.1 204 X\r\nConnection: keep-alive\r\n", .reusable),
            ("HTTP/1.1 204 X\r\nConnection: close\r\n", .notReusable(.connectionClose(by: .server))),
            ("HTTP/1.1 204 X\r\nCONNECTION: CLOSE\r\n", .notReusable(.connectionClose(by: .server))),
            ("HTTP/1.1 204 X\r\nConnection: Upgrade, ,\tClose\r\n", .notReusable(.connectionClose(by: .server))),
            (
                "HTTP/1.1 204 X\r\nConnection: keep-alive\r\nConnection: close\r\n",
                .notReusable(.connectionClose(by: .server))
            ),
            ("HTTP/1.1 204 X\r\nConnection: closed, not-close\r\n", .reusable),
            ("HTTP/1.0 204 X\r\n", .notReusable(.http10)),
            ("HTTP/1.0 204 X\r\nConnection: Keep-Alive\r\n", .reusable),
            ("HTTP/1.0 204 X\r\nConnection: keep-alive, close\r\n", .notReusable(.connectionClose(by: .server))),
            ("HTTP/1.0 204 X\r\nProxy-Connection: keep-alive\r\n", .notReusable(.http10)),
            ("HTTP/1.0 204 X\r\nKeep-Alive: timeout=5\r\n", .notReusable(.http10)),
        ] as [(String, HTTP1End)])
    func `the head says whether the connection stays, and why not`(head: String, end: HTTP1End) {
        #expect(readResponse(head + "\r\n").end == end)
    }

    @Test func `who asked to close is known`() {
        let text = "HTTP/1.1 204 X\r\n\r\n"
        #expect(readResponse(text, asksToClose: true).end == .notReusable(.connectionClose(by: .client)))
        let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        #expect(readRequests(request).end == .notReusable(.connectionClose(by: .client)))
        #expect(NotReusable.connectionClose(by: .client).description == "the client asked for Connection: close")
    }

    @Test(
        arguments: [
            ("timeout=5, max=100", KeepAliveHint(timeout: .seconds(5), max: 100)),
            ("Timeout=5", KeepAliveHint(timeout: .seconds(5))),
            ("max=0", KeepAliveHint(max: 0)), ("timeout=-5", nil), ("timeout=", nil), ("300", nil), ("", nil),
        ] as [(String, KeepAliveHint?)])
    func `a server's hint about its idle limit is read`(value: String, hint: KeepAliveHint?) throws {
        var reader = HTTP1ResponseReader()
        reader.begin(requestMethod: .get)
        let head = try #require(try reader.next(text: "HTTP/1.1 204 X\r\nKeep-Alive: \(value)\r\n\r\n").event?.head)
        #expect(head.keepAliveHint == hint)
    }
}
