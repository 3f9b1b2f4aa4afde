import HTTPTypes
import Testing

@testable import HTTPWire

@Suite("Where a body ends")
struct BodyFramingTests {
    @Test(
        arguments: [
            (.get, "200", "", .untilClose), (.get, "200", "Content-Length: 7", .length(7)),
            (.get, "200", "Content-Length: 0", .length(0)),
            (.get, "200", "Transfer-Encoding: chunked", .chunked), (.get, "404", "", .untilClose),
            (.head, "200", "", .none), (.head, "200", "Content-Length: 7", .none),
            (.head, "200", "Transfer-Encoding: chunked", .none),
            (.get, "204", "Content-Length: 7", .none), (.get, "304", "Content-Length: 7", .none),
            (.get, "304", "Transfer-Encoding: chunked", .none),
            (.get, "205", "Content-Length: 0", .length(0)),
            (.connect, "200", "Content-Length: 7", .none), (.connect, "299", "Transfer-Encoding: gzip", .none),
            (.connect, "407", "Content-Length: 7", .length(7)), (.connect, "302", "", .untilClose),
        ] as [(HTTPRequest.Method, String, String, BodyFraming)])
    func `a response's framing follows from method, status and fields`(
        method: HTTPRequest.Method, status: String, field: String, framing: BodyFraming
    ) {
        let head = "HTTP/1.1 \(status) X\r\n" + (field.isEmpty ? "\r\n" : "\(field)\r\n\r\n")
        #expect(readResponse(head, to: method).framing == framing)
    }

    @Test(
        arguments: [
            ("", .none), ("Content-Length: 7\r\n", .length(7)), ("Content-Length: 0\r\n", .length(0)),
            ("Transfer-Encoding: Chunked\r\n", .chunked),
        ] as [(String, BodyFraming)])
    func `a request has a body only when it says so`(field: String, framing: BodyFraming) {
        #expect(readRequests("GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n").framing == framing)
    }
}
