import HTTPTrace
import HTTPTypes
import Sessions

/// Parts of an exchange as text for the clipboard. Unlike on the screen, nothing is made safe here: what was received is
/// what is wanted elsewhere.
enum CopiedText {
    /// Nil when there is nothing of it (yet), or nothing that is text. Curl commands are made by Exports.
    static func text(of exchange: Exchange, _ subject: CopySubject, in model: Model) -> String? {
        switch subject {
        case .url: exchange.draft.url.description
        case .curl: nil
        case .headers: headers(of: exchange)
        case .body: body(model.shownBody(of: exchange).capture)
        case .timings: exchange.finishedAt.map { timings(of: exchange, until: $0) }
        }
    }

    /// Mended to be text, bytes that are none would be another body; and copying nothing empties the clipboard.
    private static func body(_ capture: BodyCapture?) -> String? {
        guard let bytes = capture?.bytes, !bytes.isEmpty else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func headers(of exchange: Exchange) -> String? {
        guard let response = exchange.answer else { return nil }
        let fields = response.fields.map { "\($0.name.rawName): \($0.value)" }
        let space = response.reason.isEmpty ? "" : " "
        return (["\(response.version) \(response.status)\(space)\(response.reason)"] + fields).joined(separator: "\n")
    }

    private static func timings(of exchange: Exchange, until end: Timestamp) -> String {
        var lines = ["\(exchange.draft.method.rawValue) \(exchange.draft.url)"]
        for (phase, span) in exchange.phases.present {
            lines.append("\(phase.rawValue) \(Figures.fixed(span.duration(at: end).milliseconds, decimals: 3)) ms")
        }
        lines.append("total \(Figures.fixed(exchange.total(at: end).milliseconds, decimals: 3)) ms")
        return lines.joined(separator: "\n")
    }
}
