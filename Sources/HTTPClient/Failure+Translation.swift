internal import HTTPTrace
internal import HTTPWire

// The client's edge: what Transport does not translate itself becomes the one kind of failure that callers, traces and
// exports know. Messages are clauses, without capital and full stop, so that they can stand anywhere.

extension Failure {
    init(_ error: WireError, in phase: Phase?) {
        let kind: Kind =
            switch error.kind {
            case .closedBeforeResponse: .reset
            case .truncated: .truncated
            case .tooLarge: .tooLarge
            default: .protocol
            }
        let words =
            switch (error.fault, error.kind) {
            case (.ours, _): "this request can't be sent: \(error)"
            case (.peer, .closedBeforeResponse), (.peer, .truncated): "the server \(error)"
            case (.peer, _): "the server's answer is not HTTP as it should be: \(error)"
            }
        let detail: Detail? =
            switch (error.fault, error.kind) {
            case (.ours, _): .request
            case (.peer, .closedBeforeResponse): .emptyReply
            case (.peer, _): nil
            }
        self.init(kind, phase: phase, words, detail: detail)
    }

    static func cancelledByCaller(in phase: Phase?) -> Failure {
        Failure(.cancelled, phase: phase, "the request was cancelled")
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
