// The lines of a head, read once each, as soon as each is complete.
//
//      start line ──▶ field line ──▶ field line ──▶ … ──▶ blank line: the index after it is returned
//
// It owns no bytes: it is shown the same, growing span and remembers how far it got, so that a head that arrives byte
// by byte costs no more than one pass and a bad line is refused when it ends, not when the head does. What it finds
// are ranges into that span.

/// Where one field line's name and value stand in the bytes of its head. Half the size of two `Range<Int>`: a head of
/// ten fields stays within two cache lines and a half.
struct FieldRange: Sendable {
    var nameStart, nameEnd, valueStart, valueEnd: UInt32

    var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
}

/// The parser of a start line and its fields, or of trailers.
struct HeadLines: Sendable {
    enum Kind: Sendable { case response, request, trailers }

    let kind: Kind
    private var maxBytes: Int
    private let maxFields: Int
    private var lineStart = 0
    private var scanned = 0

    private(set) var version = HTTP1Version.http11
    private(set) var status = 0
    /// The reason phrase of a response.
    private(set) var reason = 0..<0
    private(set) var method = 0..<0
    private(set) var target = 0..<0
    private(set) var fields: [FieldRange] = []
    private(set) var recognised = RecognisedFields()

    init(_ kind: Kind, maxBytes: Int, maxFields: Int) {
        self.kind = kind
        self.maxBytes = maxBytes
        self.maxFields = maxFields
    }

    /// Gets ready for another head, as if made anew.
    mutating func begin(maxBytes: Int) {
        self.maxBytes = maxBytes
        guard scanned > 0 else { return }  // Nothing was read with it.
        lineStart = 0
        scanned = 0
        fields = []
        recognised = RecognisedFields()
    }

    /// Reads every line that is complete.
    ///
    /// - Parameter bytes: The head from its first byte on: what was shown before, and more.
    /// - Returns: The count of the head's bytes with its blank line, or nil while that is missing.
    mutating func read(_ bytes: Span<UInt8>) throws(WireError) -> Int? {
        while let lineFeed = bytes.lineFeed(from: scanned) {
            let next = lineFeed + 1
            guard next <= maxBytes else { throw tooLarge }
            let hasReturn = lineFeed > lineStart && bytes[lineFeed - 1] == .carriageReturn
            let line = lineStart..<(hasReturn ? lineFeed - 1 : lineFeed)
            // RFC 9112 §2.2 lets a recipient end lines at LF. Responses may, since small devices and scripts send
            // such; a response is handed to nobody else who could read it differently. Requests and trailers may not:
            // there it has been used to smuggle.
            guard hasReturn || kind == .response else { throw offence(.bareLineFeed, bytes, line) }

            if lineStart == 0, kind != .trailers {
                try readStartLine(bytes, line)
            } else if line.isEmpty {
                return next
            } else {
                try readField(bytes, line)
            }
            lineStart = next
            scanned = next
        }
        scanned = bytes.count
        guard bytes.count < maxBytes else { throw tooLarge }
        return nil
    }

    private var tooLarge: WireError { WireError(.tooLarge(kind == .trailers ? .trailerBytes : .headBytes)) }

    /// With as much of the line as may be shown.
    private func offence(_ problem: WireError.Kind, _ bytes: Span<UInt8>, _ line: Range<Int>) -> WireError {
        let text = bytes.extracting(line)
        guard line.lowerBound == 0, kind != .trailers else { return .peer(problem, fieldLine: text) }
        return kind == .request ? .peer(problem, requestLine: text) : .peer(problem, text)
    }
}

// MARK: - Start lines

extension HeadLines {
    private mutating func readStartLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(WireError) {
        switch kind {
        case .response: try readStatusLine(bytes, line)
        case .request: try readRequestLine(bytes, line)
        case .trailers: preconditionFailure("trailers have no start line")
        }
    }

    /// `HTTP/1.1 200 OK`, RFC 9112 §4. The reason may be missing together with its space, which many servers do.
    private mutating func readStatusLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(WireError) {
        let text = bytes.extracting(line)
        version = try readVersion(text)
        guard text.count >= 12, text[8] == .space, text[9].isDigit, text[10].isDigit, text[11].isDigit,
            text.count == 12 || text[12] == .space
        else { throw .peer(.badStatusLine, text) }
        status = Int(text[9] &- 0x30) * 100 + Int(text[10] &- 0x30) * 10 + Int(text[11] &- 0x30)
        // 600 to 999 are no status codes (RFC 9110 §15), but they are sent (LinkedIn's 999) and harm nobody: they are
        // final. A code below 100 would be neither interim nor final.
        guard status >= 100 else { throw .peer(.badStatusLine, text) }
        reason = min(line.lowerBound + 13, line.upperBound)..<line.upperBound
        try refuseControls(bytes, reason, of: line)
    }

    /// `GET /path HTTP/1.1`, single spaces, RFC 9112 §3.
    private mutating func readRequestLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(WireError) {
        var index = bytes.tokenEnd(in: line)
        method = line.lowerBound..<index
        guard !method.isEmpty else { throw offence(.notHTTP, bytes, line) }
        guard index < line.upperBound, bytes[index] == .space else {
            throw offence(.badRequestLine, bytes, line)
        }

        let targetStart = index + 1
        index = targetStart
        while index < line.upperBound, bytes[index].isTargetCharacter { index += 1 }
        target = targetStart..<index
        // Without a version it is a request of HTTP/0.9.
        guard !target.isEmpty, index == line.upperBound || bytes[index] == .space else {
            throw offence(.badRequestLine, bytes, line)
        }
        guard index < line.upperBound else { throw offence(.unsupportedVersion, bytes, line) }
        let rest = bytes.extracting(index + 1..<line.upperBound)
        guard rest.agrees(with: "HTTP/"), rest.count == 8 else { throw offence(.badRequestLine, bytes, line) }
        version = try readVersion(rest)
        guard RequestTarget.suits(bytes.extracting(target), method: bytes.extracting(method)) else {
            throw offence(.badRequestTarget, bytes, line)
        }
    }

    /// `HTTP/1.0` or `HTTP/1.1` at the start of `text`, upper case (RFC 9112 §2.3).
    private func readVersion(_ text: Span<UInt8>) throws(WireError) -> HTTP1Version {
        guard text.count >= 8, text.agrees(with: "HTTP/") else { throw .peer(.notHTTP, text) }
        guard text[5] == UInt8(ascii: "1"), text[6] == UInt8(ascii: ".") else { throw .peer(.unsupportedVersion, text) }
        switch text[7] {
        case UInt8(ascii: "1"): return .http11
        case UInt8(ascii: "0"): return .http10
        default: throw .peer(.unsupportedVersion, text)
        }
    }
}

// MARK: - Field lines

extension HeadLines {
    /// `name: value`, RFC 9112 §5.
    private mutating func readField(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(WireError) {
        let colon = bytes.tokenEnd(in: line)
        guard colon < line.upperBound, bytes[colon] == .colon, colon > line.lowerBound else {
            throw badName(bytes, line)
        }
        guard fields.count < maxFields else { throw WireError(.tooLarge(.fieldCount)) }

        let value = bytes.trimmed(colon + 1..<line.upperBound)
        try refuseControls(bytes, value, of: line)

        if fields.isEmpty { fields.reserveCapacity(16) }
        fields.append(
            FieldRange(
                nameStart: UInt32(truncatingIfNeeded: line.lowerBound), nameEnd: UInt32(truncatingIfNeeded: colon),
                valueStart: UInt32(truncatingIfNeeded: value.lowerBound),
                valueEnd: UInt32(truncatingIfNeeded: value.upperBound)))
        recognised.note(name: bytes.extracting(line.lowerBound..<colon), value: bytes.extracting(value))
    }

    /// CR and NUL are refused everywhere (RFC 9110 §5.5). Other control characters are refused in requests; in
    /// responses they are kept, since old servers send them, nothing is framed by them, and whoever inspects wants to
    /// see them.
    @inline(__always)
    private func refuseControls(_ bytes: Span<UInt8>, _ value: Range<Int>, of line: Range<Int>) throws(WireError) {
        guard bytes.hasForbiddenControl(in: value) else { return }
        for index in value {
            let byte = bytes[index]
            if byte == .carriageReturn { throw offence(.bareCarriageReturn, bytes, line) }
            if byte == 0 || (byte.isForbiddenControl && kind != .response) {
                throw offence(.badFieldValue, bytes, line)
            }
        }
    }

    /// Tells the mistakes apart that have names of their own. `Content-Length : 3` must be refused outright (RFC 9112
    /// §5.1), and so are folded lines: a user agent should unfold them in responses (§5.2), but no server of today
    /// folds, and unfolding would let one line be read as two by others.
    private func badName(_ bytes: Span<UInt8>, _ range: Range<Int>) -> WireError {
        let line = bytes.extracting(range)
        if line[0].isBlank {
            // All of it is the value of the field before it, whose name says what is folded.
            guard let folded = fields.last else { return WireError(.obsoleteFolding) }
            return .peer(.obsoleteFolding, fieldLine: bytes.extracting(folded.name.lowerBound..<range.upperBound))
        }
        for index in line.indices {
            if line[index] == .carriageReturn { return .peer(.bareCarriageReturn, fieldLine: line) }
            if line[index] == .colon, index > 0, line[index - 1].isBlank {
                return .peer(.spaceBeforeColon, fieldLine: line)
            }
            if line[index] == .colon { break }
        }
        return .peer(.badFieldName, fieldLine: line)
    }
}
