internal import HTTPTypes
internal import HTTPWire
internal import Transport

// From bytes to the parts of requests. A read goes into one buffer that all connections share and is understood before
// anything else happens, so that an idle connection owns no buffer. Only what belongs to a later part is kept: the body
// behind a head, or a pipelined request.

/// A part of a request. Unlike the reader's event it owns its bytes.
enum RequestPart {
    case head(ReceivedHead, BodyFraming)
    case body([UInt8])
    case trailers(HTTPFields)
    case end(HTTP1End)
}

/// Reads the requests of one connection. Never waits.
@NetworkActor
struct RequestInput {
    // 64 KiB: an upload takes few calls, and one piece of body is never larger, so that is what a handler holds.
    private static let shared = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    /// What is kept of a line that can't be read: enough to recognise it by.
    private static let keptLineBytes = 256

    private var reader: HTTP1RequestReader
    /// Whether the head of the present request was read.
    private var isInBody = false
    /// The beginning of a head of which more is to come, or which can't be read.
    private var headStart: [UInt8] = []
    private var rest: [UInt8] = []
    private var restStart = 0
    /// What has come of a connection that may begin with HTTP/2's preface; nil once it is known not to, and where it
    /// can't.
    private var opening: [UInt8]?
    /// Whether it did: the bytes are for somebody else then, see `takeOpening`.
    private(set) var isHTTP2 = false
    /// Whether the client ended its side and everything it sent has been taken from the stream.
    private(set) var isEnd = false

    // RFC 9113 §3.4. Chosen so that HTTP/1 can't begin like that.
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// - Parameter mayBeHTTP2: Whether the client may speak HTTP/2 without having asked.
    init(limits: HTTP1Limits, mayBeHTTP2: Bool) {
        reader = HTTP1RequestReader(limits: limits)
        if mayBeHTTP2 { opening = [] }
    }

    /// Whether it is not known yet what the client speaks, or known to be HTTP/2.
    var isOpening: Bool { opening != nil }

    /// What came of an HTTP/2 connection.
    mutating func takeOpening() -> [UInt8] { opening.take() ?? [] }

    /// Looks whether the first bytes are HTTP/2's preface.
    ///
    /// - Returns: Whether they are not: `rest` holds those that were kept back meanwhile, and these.
    private mutating func isHTTP1(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard var held = opening else { return true }
        if held.isEmpty, bytes.first != Self.preface[0] {
            opening = nil
            return true
        }
        held += bytes
        guard held.starts(with: Self.preface) || Self.preface.starts(with: held) else {
            opening = nil
            (rest, restStart) = (held, 0)
            return true
        }
        opening = held
        isHTTP2 = held.count >= Self.preface.count
        return false
    }

    /// Bytes that were read and are not yet understood.
    var restCount: Int { rest.count - restStart }

    /// The first line of a head that could not be read, as far as it is kept.
    var unreadableLine: [UInt8] {
        let isLineEnd = { (byte: UInt8) in byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") }
        return Array(headStart.drop(while: isLineEnd).prefix { !isLineEnd($0) })
    }

    /// Whether a request has begun and has not ended.
    var isMidMessage: Bool { reader.isMidMessage }

    /// The next part, if it is there.
    ///
    /// - Returns: Nil when it has to be waited for; also when the client closed between requests (`isEnd`).
    /// - Throws: `WireError` for what the client did wrong, `StreamError`. This input is of no more use then.
    mutating func next(from stream: any ByteStream) throws -> RequestPart? {
        // Inside a message a part may be due without further bytes: its end.
        if restCount > 0 || reader.isMidMessage, let part = try takeFromRest() { return part }
        while !isEnd {
            switch try stream.tryRead(into: Self.shared) {
            case .wouldBlock: return nil
            case .end: isEnd = true
            case .bytes(let count):
                let bytes = UnsafeRawBufferPointer(rebasing: Self.shared[..<count])
                guard isHTTP1(bytes) else {
                    if isHTTP2 { return nil }
                    continue
                }
                if restCount > 0 {
                    if let part = try takeFromRest() { return part }
                    continue
                }
                let (consumed, part) = try take(bytes)
                if consumed < count {
                    rest = Array(bytes[consumed...])
                    restStart = 0
                }
                if let part { return part }
            }
        }
        if let held = opening.take(), !held.isEmpty {
            // It broke off in what could have been the preface.
            (rest, restStart) = (held, 0)
            return try takeFromRest()
        }
        return try take(UnsafeRawBufferPointer(start: nil, count: 0)).part
    }

    /// Looks whether the client goes away while its request is being answered. What comes instead, a pipelined request,
    /// is kept.
    ///
    /// - Returns: Whether it has ended its side, with nothing before that.
    mutating func lookAhead(from stream: any ByteStream) throws(StreamError) -> Bool {
        // One bufferful is taken ahead; a client that sends more without waiting waits for us.
        while !isEnd, restCount < Self.shared.count {
            switch try stream.tryRead(into: Self.shared) {
            case .wouldBlock: return false
            case .end: isEnd = true
            case .bytes(let count): rest.append(contentsOf: Self.shared[..<count])
            }
        }
        return isEnd && restCount == 0
    }

    /// Takes and drops what is there, for a client that will not be answered again.
    mutating func discard(from stream: any ByteStream) throws(StreamError) {
        (rest, restStart) = ([], 0)
        while !isEnd {
            switch try stream.tryRead(into: Self.shared) {
            case .wouldBlock: return
            case .end: isEnd = true
            case .bytes: continue
            }
        }
    }

    /// What was read beyond the present request: another protocol's, after a hijack.
    mutating func takeRest() -> [UInt8] {
        defer { (rest, restStart) = ([], 0) }
        return Array(rest[restStart...])
    }

    private mutating func takeFromRest() throws -> RequestPart? {
        let bytes = rest
        let (consumed, part) = try bytes.withUnsafeBytes {
            try take(UnsafeRawBufferPointer(rebasing: $0[restStart...]))
        }
        restStart += consumed
        if restStart == rest.count, restStart > 0 { (rest, restStart) = ([], 0) }
        return part
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer) throws -> (consumed: Int, part: RequestPart?) {
        let span = bytes.bindMemory(to: UInt8.self).span
        let step: HTTP1RequestReader.Step
        do { step = try reader.next(span, isEnd: isEnd && restCount == 0) } catch {
            keepHeadStart(bytes)
            throw error
        }
        switch step.event {
        case nil:
            keepHeadStart(bytes)
            return (step.consumed, nil)
        case .head(let head, let framing):
            (isInBody, headStart) = (true, [])
            return (step.consumed, .head(head, framing))
        case .body(let range): return (step.consumed, .body(Array(bytes[range])))
        case .trailers(let fields): return (step.consumed, .trailers(fields))
        case .end(let end):
            isInBody = false
            return (step.consumed, .end(end))
        }
    }

    private mutating func keepHeadStart(_ bytes: UnsafeRawBufferPointer) {
        guard !isInBody, headStart.count < Self.keptLineBytes else { return }
        headStart += bytes.prefix(Self.keptLineBytes - headStart.count)
    }
}
