import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPClient

@NetworkActor
@Suite("Decoded bodies")
struct DecodedBodyTests {
    // `hello` in gzip, by Python.
    private static let hello: [UInt8] = [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 0xFF, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0, 0x86, 0xA6, 0x10, 0x36, 5, 0, 0,
        0,
    ]

    @Test func `a gzip body is read as what it was`() async throws {
        let (text, body, failure) = try await read(Self.hello, coding: "gzip")
        #expect(text == "hello")
        #expect(failure == nil)
        #expect(body.encodedBytes == Self.hello.count)
        #expect(body.decodedBytes == 5)
    }

    // TestTransportReuseConnection_Gzip_Chunked, TestTransportReuseConnection_Gzip_ContentLength
    @Test(arguments: [true, false])
    func `a gzip body read to its end has given its connection back`(isChunked: Bool) async throws {
        let (start, end) = isChunked ? (Array("19\r\n".utf8), Array("\r\n0\r\n\r\n".utf8)) : ([], [])
        let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(Self.hello.count)"
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\(framing)\r\n\r\n"
        let answer: [Step] = [.readHead, .send(head), .sendBytes(start + Self.hello), .sendBytes(end)]
        let server = try ScriptedServer(answer + answer + [.awaitClose])
        let test = try TestClient()
        for _ in 0..<2 {
            test.events.removeAll()
            let body = try await withClientTrace(test.events.trace) {
                try await test.client.send(ClientRequest(url: server.url())).decodedBody()
            }
            var decoded: [UInt8] = []
            while let piece = try await body.next() { decoded += piece }
            #expect(String(decoding: decoded, as: UTF8.self) == "hello")
            #expect(test.events.words.suffix(2) == ["putIdleConn", "requestFinished"])
        }
        #expect(test.events.words[2] == "gotConn(c1 reused idle)")
    }

    @Test func `a body without coding is read as it is`() async throws {
        let (text, body, failure) = try await read(Array("plain".utf8), coding: "identity")
        #expect(text == "plain")
        #expect(failure == nil)
        #expect(body.codings.isEmpty)
    }

    @Test func `a body that breaks off gives its beginning, then says so`() async throws {
        let (text, _, failure) = try await read(Self.hello.dropLast(8), coding: "gzip")
        #expect(text == "hello")
        #expect(failure?.kind == .decode)
        #expect(failure?.message == "the gzip data breaks off: its end is missing")
    }

    @Test func `damage is told`() async throws {
        let (text, _, failure) = try await read(Array("no gzip".utf8), coding: "gzip")
        #expect(text == "")
        #expect(failure?.kind == .decode)
    }

    @Test func `a coding nobody knows is told before a byte is read`() async throws {
        await #expect(throws: Failure.self) { _ = try await read(Self.hello, coding: "rot13") }
    }

    private func read(
        _ bytes: some Sequence<UInt8>, coding: String
    ) async throws -> (text: String, body: DecodedBody, failure: Failure?) {
        let bytes = Array(bytes)
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: \(coding)\r\nContent-Length: \(bytes.count)\r\n\r\n"
        let server = try ScriptedServer([.readHead, .send(head), .sendBytes(bytes), .awaitClose])
        let test = try TestClient()
        let body = try await test.client.send(ClientRequest(url: server.url())).decodedBody()
        var decoded: [UInt8] = []
        do throws(Failure) {
            while let piece = try await body.next() { decoded += piece }
        } catch {
            return (String(decoding: decoded, as: UTF8.self), body, error)
        }
        return (String(decoding: decoded, as: UTF8.self), body, nil)
    }
}
