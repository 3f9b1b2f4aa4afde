import HTTPTrace
import HTTPTypes

@testable import HTTPWire

/// What a session told, with body bytes as text.
enum HTTP2Seen: Equatable {
    case informational(Int32, Int, HTTPFields)
    case response(Int32, Int, HTTPFields)
    case request(Int32, String, HTTPFields)
    case data(Int32, String)
    case trailers(Int32, HTTPFields)
    case ended(Int32)
    case closed(Int32, HTTP2StreamEnd)
    case pong(UInt64)
    case goAway(Int32, HTTP2ErrorCode, String)
    case failed(WireError.Kind)
}

/// One end with everything it told. Settings and windows are left out unless asked for, as every connection has them.
final class HTTP2End {
    let session: HTTP2Session
    private(set) var seen: [HTTP2Seen] = []
    private(set) var events: [HTTP2Event] = []
    /// Whether body bytes are given back to the sender as they come.
    var consumes = true

    init(_ role: HTTP2Role, limits: HTTP2Limits = .standard) { session = HTTP2Session(role, limits: limits) }

    /// Takes the bytes in, as they come or cut into pieces.
    func receive(_ bytes: [UInt8], pieceBytes: Int = .max) {
        var offset = 0
        while offset < bytes.count {
            let piece = Array(bytes[offset..<min(bytes.count, offset + min(pieceBytes, bytes.count))])
            offset += piece.count
            note(session.receive(piece.span), piece)
        }
    }

    /// What it has to say now, all of it.
    func take() -> [UInt8] {
        var bytes: [UInt8] = []
        repeat {
            note(session.fill(), [])
            session.withOutput { output in
                bytes += output
                return output.count
            }
        } while session.hasOutput
        note(session.fill(), [])
        return bytes
    }

    private func note(_ news: [HTTP2Event], _ bytes: [UInt8]) {
        events += news
        for event in news {
            switch event {
            case .informational(let id, let head): seen.append(.informational(id.number, head.status!, head.fields))
            case .head(let id, let head):
                if let status = head.status {
                    seen.append(.response(id.number, status, head.fields))
                } else {
                    seen.append(.request(id.number, "\(head.method ?? "") \(head.path ?? "")", head.fields))
                }
            case .data(let id, let range):
                let text = String(latin1: bytes[range])
                if case .data(id.number, let before) = seen.last {
                    seen[seen.count - 1] = .data(id.number, before + text)
                } else {
                    seen.append(.data(id.number, text))
                }
                if consumes { session.consumed(range.count, of: id) }
            case .trailers(let id, let fields): seen.append(.trailers(id.number, fields))
            case .streamEnded(let id): seen.append(.ended(id.number))
            case .streamClosed(let id, let end): seen.append(.closed(id.number, end))
            case .pingAcknowledged(let data): seen.append(.pong(data))
            case .goAway(let last, let code, let text): seen.append(.goAway(last.number, code, text))
            case .failed(let error): seen.append(.failed(error.kind))
            case .settings, .settingsAcknowledged, .windowUpdate, .frameReceived, .frameSent: break
            }
        }
    }

    func forget() { seen = [] }

    var bodyBytes: Int {
        seen.reduce(0) { if case .data(_, let text) = $1 { $0 + text.unicodeScalars.count } else { $0 } }
    }

    /// Why the connection failed.
    var failure: WireError? { session.failure }

    /// How a stream ended.
    func end(of number: Int32) -> HTTP2StreamEnd? {
        for case .closed(number, let end) in seen { return end }
        return nil
    }
}

/// A client and a server with a wire between them.
struct HTTP2Pair {
    let client: HTTP2End
    let server: HTTP2End
    var pieceBytes = Int.max

    init(client: HTTP2Limits = .standard, server: HTTP2Limits = .standard) {
        self.client = HTTP2End(.client, limits: client)
        self.server = HTTP2End(.server, limits: server)
        exchange()
    }

    /// Carries bytes until both are quiet.
    func exchange() {
        while true {
            let out = client.take()
            server.receive(out, pieceBytes: pieceBytes)
            let back = server.take()
            client.receive(back, pieceBytes: pieceBytes)
            if out.isEmpty, back.isEmpty { return }
        }
    }

    /// Sends a request and has the server know of it.
    @discardableResult
    func request(
        _ method: HTTPRequest.Method = .get, _ path: String = "/", fields: HTTPFields = [:], body: BodyFraming = .none
    ) throws -> HTTP2StreamID {
        let id = try client.session.submit(
            HTTP2RequestHead(
                method: method, scheme: "http", authority: "a.test", path: path, fields: fields, body: body))
        exchange()
        return id
    }

    func respond(_ id: HTTP2StreamID, _ status: Int = 200, fields: HTTPFields = [:], body: String? = nil) throws {
        server.session.submit(try HTTP2ResponseHead(status: status, fields: fields), hasBody: body != nil, on: id)
        if let body { server.session.write(Array(body.utf8), ends: true, on: id) }
        exchange()
    }
}

/// Frames written by hand, for what no decent peer sends.
enum RawFrames {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let settings = frame(4)

    static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF), type, flags]
            + bytes(stream) + payload
    }

    /// HEADERS with every field written out (RFC 7541 §6.2.2), so that any byte can be in it.
    static func headers(_ fields: [(String, String)], stream: UInt32 = 1, flags: UInt8 = 0x4) -> [UInt8] {
        frame(1, flags: flags, stream: stream, block(fields))
    }

    static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + text($0.0) + text($0.1) }
    }

    private static func text(_ text: String) -> [UInt8] {
        let bytes = text.bytes
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var length: [UInt8] = [127]
        var rest = bytes.count - 127
        while rest >= 128 {
            length.append(UInt8(rest & 0x7F | 0x80))
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }

    static func data(_ text: String, stream: UInt32 = 1, ends: Bool = false) -> [UInt8] {
        frame(0, flags: ends ? 1 : 0, stream: stream, text.bytes)
    }

    static func reset(_ stream: UInt32, _ code: UInt32) -> [UInt8] { frame(3, stream: stream, bytes(code)) }

    static func goAway(_ last: UInt32, _ code: UInt32, _ text: String = "") -> [UInt8] {
        frame(7, bytes(last) + bytes(code) + text.bytes)
    }

    static func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(number >> (24 - 8 * $0) & 0xFF) } }
}
