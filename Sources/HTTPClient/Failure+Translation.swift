internal import HTTPTrace
internal import HTTPWire
internal import Transport

// The client's edge: errors of the layers below become the one kind that callers, traces and exports know.

extension Failure {
    init(_ error: DialError) {
        switch error {
        case .unresolved: self.init(.dns, phase: .dns, sentence(error.description))
        case .refused: self.init(.connect, phase: .connect, sentence(error.description))
        case .timedOut(_, let attempts):
            self.init(.timeout, phase: attempts.isEmpty ? .dns : .connect, sentence(error.description))
        case .cancelled: self.init(.cancelled, phase: .connect, "The dial was cancelled.")
        }
    }

    init(_ error: TLSError) {
        if case .stream(let below) = error {
            self.init(below, in: .tls)
        } else {
            self.init(.tls, phase: .tls, sentence(error.description), isCertificate: error.isCertificate)
        }
    }

    init(_ error: StreamError, in phase: Phase) {
        switch error {
        case .closed: self.init(.cancelled, phase: phase, "The connection was closed on our side.")
        case .truncated: self.init(.truncated, phase: phase, sentence(error.description))
        case .tls: self.init(.tls, phase: phase, sentence(error.description))
        case .failed: self.init(error.isReset ? .reset : .connect, phase: phase, sentence(error.description))
        }
    }

    init(_ error: WireError, in phase: Phase?) {
        let kind: Kind =
            switch error.kind {
            case .closedBeforeResponse: .reset
            case .truncated: .truncated
            case .tooLarge: .tooLarge
            default: .protocol
            }
        self.init(kind, phase: phase, error.fault == .peer ? "The server: \(error)." : "This request can't be sent: \(error).")
    }

    static func cancelledByCaller(in phase: Phase?) -> Failure { Failure(.cancelled, phase: phase, "The request was cancelled.") }
}

/// Capital letter and full stop, for words that come without.
private func sentence(_ words: String) -> String {
    let text = words.prefix(1).uppercased() + words.dropFirst()
    return text.hasSuffix(".") ? text : text + "."
}

extension Duration {
    /// `1.5 s`, `250 ms`: a limit, as a person set it.
    var inWords: String {
        let milliseconds = milliseconds
        if milliseconds < 1000 { return "\(Int(milliseconds)) ms" }
        let seconds = milliseconds / 1000
        return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\((seconds * 100).rounded() / 100) s"
    }
}

/// RFC 4648 §4.
func base64(_ bytes: some Sequence<UInt8>) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    var group: [UInt8] = []
    func flush() {
        guard !group.isEmpty else { return }
        let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[$1]) : 0) }
        for place in 0..<4 { text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : "=") }
        group.removeAll(keepingCapacity: true)
    }
    for byte in bytes {
        group.append(byte)
        if group.count == 3 { flush() }
    }
    flush()
    return text
}
