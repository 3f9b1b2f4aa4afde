import HTTPTrace
import HTTPTypes
import HTTPWire
import Transport

@testable import HTTPServer

/// A client that sends exactly what it is told, HTTP or not.
@NetworkActor
final class RawClient {
    let stream: any ByteStream
    private var received: [UInt8] = []
    private var reader = HTTP1ResponseReader()

    init(_ stream: any ByteStream) {
        self.stream = stream
    }

    static func connect(to server: Server) async throws -> RawClient {
        RawClient(try await TCPStream.connect(to: server.address))
    }

    func send(_ text: String) async throws { try await stream.writeAll(Array(text.utf8)) }

    /// A response as the tests compare it.
    struct Answer {
        var status: Int
        var fields: HTTPFields
        var body: String
        var trailers: HTTPFields?
    }

    /// The next final response.
    func answer(to method: HTTPRequest.Method = .get) async throws -> Answer {
        var answer = Answer(status: 0, fields: [:], body: "")
        var body: [UInt8] = []
        var isEnd = false
        reader.begin(requestMethod: method)
        while true {
            let bytes = received
            let step = try reader.next(bytes.span, isEnd: isEnd)
            switch step.event {
            case .informational, nil: break
            case .head(let head, _): (answer.status, answer.fields) = (head.status, head.fields)
            case .body(let range): body += bytes[range]
            case .trailers(let fields): answer.trailers = fields
            case .end:
                received.removeFirst(step.consumed)
                answer.body = String(decoding: body, as: UTF8.self)
                return answer
            }
            received.removeFirst(step.consumed)
            if step.event == nil { isEnd = try await receive() == 0 }
        }
    }

    func get(_ target: String) async throws -> Answer {
        try await send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return try await answer()
    }

    /// Everything until the server closes.
    func rest() async throws -> String {
        while try await receive() > 0 {}
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    /// Everything up to and including `end`.
    func text(through end: String) async throws -> String {
        while true {
            let text = String(decoding: received, as: UTF8.self)
            if let range = text.firstRange(of: end) {
                received.removeFirst(text[..<range.upperBound].utf8.count)
                return String(text[..<range.upperBound])
            }
            guard try await receive() > 0 else { return text }
        }
    }

    func close() { stream.close() }

    /// - Returns: How many bytes came; 0 at the end.
    private func receive() async throws -> Int {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
        defer { buffer.deallocate() }
        let count = try await stream.read(into: buffer)
        received += buffer[..<count]
        return count
    }
}
