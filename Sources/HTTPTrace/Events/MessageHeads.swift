public import HTTPTypes
internal import Synchronization

// Heads as they crossed the wire. Objects, so that an event carries one pointer whatever a peer sent.

/// A request as its caller asked for it, before the client added anything.
public final class RequestedHead: Sendable, Equatable {
    public let method: HTTPRequest.Method
    public let url: RequestURL
    public let fields: HTTPFields
    /// Bytes of body that will be sent; nil when there is none or its length is not known beforehand.
    public let bodyBytes: Int?

    public init(method: HTTPRequest.Method, url: RequestURL, fields: HTTPFields = [:], bodyBytes: Int? = nil) {
        self.method = method
        self.url = url
        self.fields = fields
        self.bodyBytes = bodyBytes
    }

    public static func == (left: RequestedHead, right: RequestedHead) -> Bool {
        left === right
            || (left.method == right.method && left.url == right.url && left.fields == right.fields
                && left.bodyBytes == right.bodyBytes)
    }
}

/// A request head as written: what the client added is in it. The bytes are kept; fields are read from them on demand.
public final class SentHead: Sendable, Equatable {
    /// From the request line to the blank line. HTTP/2's is written out likewise, with `HTTP/2` in the request line and its
    /// pseudo-fields (`:path`) as the first fields.
    public let bytes: [UInt8]
    /// Held by this; nil until somebody asks. A lock would cost as much as the telling.
    private let read = Atomic<Unmanaged<ToldFields>?>(nil)

    public init(bytes: [UInt8]) { self.bytes = bytes }

    deinit { read.load(ordering: .acquiring)?.release() }

    /// What it took on the wire; nil for HTTP/2's, which is sent compressed.
    public var wireBytes: Int? { isHTTP2 ? nil : bytes.count }

    private var isHTTP2: Bool {
        let line = bytes.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        return line.reversed().starts(with: " HTTP/2".utf8.reversed())
    }

    /// The fields in wire order, as (name, value) of UTF-8 text; one element a line.
    public var lines: [(name: String, value: String)] {
        bytes.split(separator: UInt8(ascii: "\n")).dropFirst().compactMap { line in
            // A pseudo-field's name begins with a colon.
            guard let colon = line.dropFirst().firstIndex(of: UInt8(ascii: ":")) else { return nil }
            var value = line[line.index(after: colon)...]
            while let last = value.last, last == 13 || last == 32 { value.removeLast() }
            while let first = value.first, first == 32 { value.removeFirst() }
            return (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
    }

    /// What Go's hook is told: over HTTP/1 each name once with all its values, in the order in which names first appear and
    /// in that spelling; over HTTP/2 one value a call. Read from the bytes once: a head that is sent again is the same object.
    func forEachField(_ tell: (_ name: String, _ values: [String]) -> Void) {
        let fields = if let read = read.load(ordering: .acquiring) { read } else { readFields() }
        fields._withUnsafeGuaranteedRef { $0.first?.forEach(tell) }
    }

    private func readFields() -> Unmanaged<ToldFields> {
        let fields = Unmanaged.passRetained(ToldFields(lines, oneByOne: isHTTP2))
        let (isFirst, earlier) = read.compareExchange(expected: nil, desired: fields, ordering: .acquiringAndReleasing)
        if isFirst { return fields }
        fields.release()
        return earlier!
    }

    public static func == (left: SentHead, right: SentHead) -> Bool {
        left === right || left.bytes.isSame(as: right.bytes)
    }
}

private final class ToldFields: Sendable {
    /// One after the other instead of an array, whose elements each visit would count references to.
    final class Field: Sendable {
        let name: String
        let values: [String]
        let next: Field?

        init(_ name: String, _ values: [String], before next: Field?) {
            self.name = name
            self.values = values
            self.next = next
        }

        func forEach(_ tell: (_ name: String, _ values: [String]) -> Void) {
            tell(name, values)
            next?.forEach(tell)
        }
    }

    let first: Field?

    init(_ lines: [(name: String, value: String)], oneByOne: Bool) {
        var list: [(name: String, values: [String])] = []
        for (name, value) in lines {
            // By letters of any case: `X-Foo` and `x-foo` are one field (RFC 9110 §5.1), and Go would call once. A head has
            // a few fields, for which a walk is cheaper than a dictionary.
            if !oneByOne, let place = list.firstIndex(where: { $0.name.isSameFieldName(as: name) }) {
                list[place].values.append(value)
            } else {
                list.append((name, [value]))
            }
        }
        first = list.reversed().reduce(nil) { Field($1.name, $1.values, before: $0) }
    }
}

extension String {
    fileprivate func isSameFieldName(as other: String) -> Bool {
        utf8.count == other.utf8.count && lowercased() == other.lowercased()
    }
}

/// A request head as a server received it.
public final class IncomingHead: Sendable, Equatable {
    public let method: HTTPRequest.Method
    /// What was asked for; where the request names no usable host, of the address it came in on.
    public let url: RequestURL
    /// As sent, in any form (RFC 9112 §3.2). Untrusted text.
    public let target: String
    /// `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`.
    public let version: String
    /// From the request line to the blank line, as received. HTTP/2's is written out likewise, with `HTTP/2` in the request
    /// line and its pseudo-fields (`:path`) as the first fields.
    public let bytes: [UInt8]
    /// Bytes of body that were announced; 0 for none, nil where the length is not known beforehand.
    public let bodyBytes: Int?
    private let makeFields: @Sendable () -> HTTPFields

    /// The fields in wire order with their spelling. Made anew at each call: keep the result.
    public var fields: HTTPFields { makeFields() }

    public init(
        method: HTTPRequest.Method, url: RequestURL, target: String, version: String, bytes: [UInt8] = [],
        bodyBytes: Int?, fields: @escaping @Sendable @autoclosure () -> HTTPFields
    ) {
        self.method = method
        self.url = url
        self.target = target
        self.version = version
        self.bytes = bytes
        self.bodyBytes = bodyBytes
        makeFields = fields
    }

    public static func == (left: IncomingHead, right: IncomingHead) -> Bool {
        left === right
            || (left.method == right.method && left.url == right.url && left.target == right.target
                && left.version == right.version && left.bytes.isSame(as: right.bytes)
                && left.bodyBytes == right.bodyBytes
                && left.fields == right.fields)
    }
}

/// A response head as received, or as a server wrote it.
public final class ResponseHead: Sendable, Equatable {
    /// 100 to 999.
    public let status: Int
    /// What stood behind the status, possibly nothing. Untrusted text.
    public let reason: String
    /// `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`.
    public let version: String
    /// From the status line to the blank line, as received (HTTP/1 only; empty otherwise).
    public let bytes: [UInt8]
    private let makeFields: @Sendable () -> HTTPFields

    /// What it took on the wire; nil for HTTP/2's, which comes compressed.
    public var wireBytes: Int? { bytes.isEmpty ? nil : bytes.count }

    /// The fields in wire order with their spelling. Made anew at each call: keep the result.
    public var fields: HTTPFields { makeFields() }

    public init(
        status: Int, reason: String, version: String, bytes: [UInt8] = [],
        fields: @escaping @Sendable @autoclosure () -> HTTPFields
    ) {
        self.status = status
        self.reason = reason
        self.version = version
        self.bytes = bytes
        self.makeFields = fields
    }

    /// False when there is surely no field of this name, as mostly: making all fields to find that out costs ten times as
    /// much.
    ///
    /// - Parameter name: In lower case.
    public func mayHave(_ name: StaticString) -> Bool {
        let length = name.utf8CodeUnitCount
        guard !bytes.isEmpty else { return fields.contains { $0.name.canonicalName == name.description } }
        return bytes.withUnsafeBufferPointer { bytes in
            var line = 0
            while line + length < bytes.count {
                if (0..<length).allSatisfy({ bytes[line + $0] | 0x20 == name.utf8Start[$0] }) { return true }
                guard let end = bytes[line...].firstIndex(of: 0x0A) else { return false }
                line = end + 1
            }
            return false
        }
    }

    public static func == (left: ResponseHead, right: ResponseHead) -> Bool {
        left === right
            || (left.status == right.status && left.reason == right.reason && left.version == right.version
                && left.bytes.isSame(as: right.bytes) && left.fields == right.fields)
    }
}
