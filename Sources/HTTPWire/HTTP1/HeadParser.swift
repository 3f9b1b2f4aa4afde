/// Collects the bytes of one head after another and lets `HeadLines` read them.
///
/// A head that arrives whole, as nearly all do, is read where it lies and copied once. One that arrives in pieces is
/// gathered first.
struct HeadParser: Sendable {
    private var gathered: [UInt8] = []
    private var lines: HeadLines

    init(_ kind: HeadLines.Kind, maxBytes: Int, maxFields: Int) {
        // Field ranges are 32 bits wide.
        precondition(maxBytes <= Int(UInt32.max), "a head limit of \(maxBytes) bytes")
        lines = HeadLines(kind, maxBytes: maxBytes, maxFields: maxFields)
    }

    /// Gets ready for another head, as if made anew, without the cost of it.
    mutating func begin(maxBytes: Int) {
        if !gathered.isEmpty { gathered = [] }
        lines.begin(maxBytes: maxBytes)
    }

    /// Whether a byte of the head has arrived.
    var hasStarted: Bool { !gathered.isEmpty }

    /// Takes bytes up to the end of the head.
    ///
    /// - Returns: How many bytes belonged to the head, and the head when it is complete. Without a head all bytes
    ///   were taken. With one this parser is spent until `begin`.
    mutating func next(_ bytes: Span<UInt8>) throws(WireError) -> (consumed: Int, head: ReceivedHead?) {
        if gathered.isEmpty {
            try refuseOtherProtocols(bytes)
            if let end = try lines.read(bytes) { return (end, ReceivedHead(copying: bytes.extracting(0..<end), lines)) }
            append(bytes)
            return (bytes.count, nil)
        }
        let before = gathered.count
        append(bytes)
        let gathered = gathered  // a span of it would otherwise bar `lines` from changing
        try refuseOtherProtocols(gathered.span)
        guard let end = try lines.read(gathered.span) else { return (bytes.count, nil) }
        return (end - before, ReceivedHead(copying: gathered.span.extracting(0..<end), lines))
    }

    /// A server of another kind may wait for ever for the line we wait for it to end, so its first bytes decide.
    private func refuseOtherProtocols(_ bytes: Span<UInt8>) throws(WireError) {
        guard !bytes.isEmpty else { return }
        switch lines.kind {
        case .response where !bytes.agrees(with: "HTTP/"): throw .peer(.notHTTP, bytes)
        // TLS on the plain port begins with byte 22.
        case .request where !bytes[0].isTokenCharacter: throw .peer(.notHTTP, bytes)
        default: return
        }
    }

    private mutating func append(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { gathered.append(contentsOf: $0) }
    }
}
