/// What the fields of a head say about framing and about the connection, gathered while the head is parsed. Several
/// lines of one field add up, as RFC 9110 §5.3 has it.
struct RecognisedFields: Sendable {
    var contentLength = ContentLength.absent
    /// Elements over all Content-Length lines: `5, 5` makes two.
    var contentLengthCount = 0
    var transferEncoding = TransferEncoding()
    /// The connection options that matter here (RFC 9110 §7.6.1).
    var closes = false
    var keepsAlive = false
    var hostCount = 0
    var hasBadHost = false
    var hasUpgrade = false
    var hasKeepAlive = false
    var expectsContinue = false

    enum ContentLength: Equatable, Sendable { case absent, bad, value(Int64) }

    struct TransferEncoding: Equatable, Sendable {
        var isPresent = false
        /// Elements, empty ones included.
        var elements = 0
        var codings = 0
        var chunked = 0
        var endsInChunked = false
        var isMalformed = false
    }

    /// Looks at one field line. The length tells most names apart before a letter is compared.
    @inline(__always)
    mutating func note(name: Span<UInt8>, value: Span<UInt8>) {
        switch name.count {
        case 4 where name.isWord("host"): noteHost(value)
        case 6 where name.isWord("expect"): expectsContinue = expectsContinue || value.isWord("100-continue")
        case 7 where name.isWord("upgrade"): hasUpgrade = true
        case 10 where name.isWord("connection"): noteConnection(value)
        case 10 where name.isWord("keep-alive"): hasKeepAlive = true
        case 14 where name.isWord("content-length"): noteContentLength(value)
        case 17 where name.isWord("transfer-encoding"): noteTransferEncoding(value)
        default: break
        }
    }

    private mutating func noteHost(_ value: Span<UInt8>) {
        hostCount += 1
        hasBadHost = hasBadHost || !value.isAuthority
    }

    private mutating func noteConnection(_ value: Span<UInt8>) {
        value.forEachListElement { option in
            if option.isWord("close") { closes = true }
            if option.isWord("keep-alive") { keepsAlive = true }
        }
    }

    private mutating func noteContentLength(_ value: Span<UInt8>) {
        value.forEachListElement { element in
            contentLengthCount += 1
            guard let length = Int64(digits: element) else { return contentLength = .bad }
            switch contentLength {
            case .absent: contentLength = .value(length)
            case .value(length): break
            case .value, .bad: contentLength = .bad
            }
        }
    }

    private mutating func noteTransferEncoding(_ value: Span<UInt8>) {
        transferEncoding.isPresent = true
        value.forEachListElement { element in
            transferEncoding.elements += 1
            guard !element.isEmpty else { return }
            transferEncoding.codings += 1
            transferEncoding.endsInChunked = element.isWord("chunked")
            if transferEncoding.endsInChunked { transferEncoding.chunked += 1 }
            // A coding's name is a token. `chunked` takes no parameters, yet some recipients would take `chunked;q=1`
            // for it.
            var nameEnd = 0
            while nameEnd < element.count, element[nameEnd].isTokenCharacter { nameEnd += 1 }
            let rest = element.extracting(element.trimmed(nameEnd..<element.count))
            let isToken = nameEnd > 0 && (rest.isEmpty || rest[0] == .semicolon)
            if !isToken || (!rest.isEmpty && element.extracting(0..<nameEnd).isWord("chunked")) {
                transferEncoding.isMalformed = true
            }
        }
    }
}

extension Int64 {
    /// `1*DIGIT` and nothing else: no sign, no blanks, no `_`, no `0x`, and nothing beyond `Int64.max` (RFC 9110 §8.6).
    init?(digits: Span<UInt8>) {
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for index in digits.indices {
            guard digits[index].isDigit else { return nil }
            let (tens, tooMany) = value.multipliedReportingOverflow(by: 10)
            let (sum, tooLarge) = tens.addingReportingOverflow(Int64(digits[index] &- UInt8(ascii: "0")))
            guard !tooMany, !tooLarge else { return nil }
            value = sum
        }
        self = value
    }
}

extension Span<UInt8> {
    /// Whether this may stand in a Host field or as an authority: no user, no path, no list, no blanks (RFC 9110
    /// §7.2). Empty is allowed, for targets that have no authority.
    var isAuthority: Bool {
        for index in indices {
            switch self[index] {
            case UInt8(ascii: "@"), UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\\"), .comma:
                return false
            case let byte where !byte.isTargetCharacter || byte >= 0x80: return false
            default: continue
            }
        }
        return true
    }
}
