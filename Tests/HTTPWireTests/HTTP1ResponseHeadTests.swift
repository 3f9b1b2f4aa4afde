import HTTPTypes
import Testing

@testable import HTTPWire

@Suite("Writing responses")
struct HTTP1ResponseHeadTests {
    @Test(
        arguments: [
            (200, .get, .none, "Content-Length: 0\r\n"), (200, .get, .length(3), "Content-Length: 3\r\n"),
            (200, .get, .chunked, "Transfer-Encoding: chunked\r\n"), (200, .get, .untilClose, "Connection: close\r\n"),
            (200, .head, .none, ""), (200, .head, .length(3), "Content-Length: 3\r\n"), (304, .get, .none, ""),
            (204, .get, .none, ""), (103, .get, .none, ""), (101, .get, .none, ""), (200, .connect, .none, ""),
            (407, .connect, .none, "Content-Length: 0\r\n"),
        ] as [(Int, HTTPRequest.Method, BodyFraming, String)])
    func `the client can tell where the body ends`(
        code: Int, method: HTTPRequest.Method, body: BodyFraming, line: String
    ) throws {
        let response = HTTPResponse(status: .init(code: code, reasonPhrase: "X"), headerFields: [.server: "us"])
        let text = try write(HTTP1ResponseHead(response, body: body, to: method))
        #expect(text == "HTTP/1.1 \(code) X\r\nServer: us\r\n\(line)\r\n")
        if code >= 200 {
            let hasNone = method == .head || code == 204 || code == 304 || (method == .connect && code < 300)
            #expect(
                readResponse(text, to: method).framing
                    == (hasNone ? BodyFraming.none : body == .none ? .length(0) : body))
        }
    }

    @Test(
        arguments: [
            (204, .get, .length(3), [:]), (204, .get, .none, [.contentLength: "0"]),
            (101, .get, .none, [.transferEncoding: "chunked"]),
            (200, .get, .length(3), [.contentLength: "4"]), (200, .get, .none, [.contentLength: "4"]),
            (200, .get, .chunked, [.contentLength: "4"]), (200, .get, .untilClose, [.contentLength: "4"]),
            (200, .get, .length(3), [.contentLength: "3", .contentLength: "3"]), (200, .connect, .length(0), [:]),
        ] as [(Int, HTTPRequest.Method, BodyFraming, HTTPFields)])
    func `framing that contradicts itself is refused`(
        code: Int, method: HTTPRequest.Method, body: BodyFraming, fields: HTTPFields
    ) {
        let response = HTTPResponse(status: .init(code: code), headerFields: fields)
        var buffer: [UInt8] = [1]
        let error = #expect(throws: WireError.self) {
            try HTTP1ResponseHead(response, body: body, to: method).append(to: &buffer)
        }
        #expect(error?.kind == .conflictingFraming && error?.fault == .ours && buffer == [1])
    }

    @Test func `an answer to HEAD may say how long the body would be`() throws {
        let response = HTTPResponse(status: .ok, headerFields: [.contentLength: "70"])
        let text = try write(HTTP1ResponseHead(response, body: .none, to: .head))
        #expect(text == "HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n")
    }

    @Test func `Connection close is not said twice`() throws {
        let response = HTTPResponse(status: .ok, headerFields: [.connection: "x, Close"])
        let text = try write(HTTP1ResponseHead(response, body: .untilClose, to: .get))
        #expect(text == "HTTP/1.1 200 OK\r\nConnection: x, Close\r\n\r\n")
    }

    private func write(_ head: HTTP1ResponseHead) throws -> String {
        var buffer: [UInt8] = []
        try head.append(to: &buffer)
        return String(latin1: buffer)
    }
}

@Suite("Writing chunks")
struct ChunkFramingTests {
    @Test(arguments: [(1, "1"), (15, "f"), (16, "10"), (255, "ff"), (4096, "1000"), (Int.max, "7fffffffffffffff")])
    func `sizes are hexadecimal`(count: Int, digits: String) {
        var buffer: [UInt8] = []
        ChunkFraming.appendHead(ofChunkWith: count, to: &buffer)
        #expect(String(latin1: buffer) == digits + "\r\n")
    }

    @Test func `what is written is read back unchanged`() throws {
        var bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".bytes
        ChunkFraming.append("hello ".bytes.span, to: &bytes)
        ChunkFraming.append("".bytes.span, to: &bytes)
        ChunkFraming.append("world".bytes.span, to: &bytes)
        try ChunkFraming.appendEnd(trailers: [.eTag: "x"], to: &bytes)
        #expect(readResponse(bytes).dropFirst() == [.body("hello world"), .trailers([.eTag: "x"]), .end(.reusable)])
    }

    @Test func `framing fields are no trailers`() {
        var buffer: [UInt8] = [1]
        let error = #expect(throws: WireError.self) {
            try ChunkFraming.appendEnd(trailers: [.contentLength: "1"], to: &buffer)
        }
        #expect(error?.kind == .conflictingFraming && buffer == [1])
    }
}
