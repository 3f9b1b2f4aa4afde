import HTTPTrace
import HTTPTypes
import Sessions
import TextScreen

/// The Headers page: request and response, each in the order of the wire.
enum HeadersPage {
    static func page(of exchange: Exchange, _ model: Model) -> DetailPage {
        let theme = model.theme
        var lines: [StyledLine] = []
        if exchange.isForwarded, let head = exchange.served?.head {
            lines.append(StyledLine(" \(head.method.rawValue) \(head.target) \(head.version)", theme.strong))
            lines += head.fields.map { field($0.name.rawName, $0.value, theme) }
            lines += [.empty, StyledLine(" sent on as", theme.quiet)]
        }
        let asked = exchange.sentOn.map { ($0.method, $0.url) } ?? (exchange.draft.method, exchange.draft.url)
        lines.append(StyledLine(" \(asked.0.rawValue) \(asked.1.description)", theme.strong))
        if let sent = exchange.sentHead {
            lines += sent.lines.map { field($0.name, $0.value, theme) }
        } else {
            // Not written yet: what was asked for, without what the client adds.
            lines += exchange.draft.fields.map { field($0.name.rawName, $0.value, theme) }
            lines.append(StyledLine(" not sent yet", theme.quiet))
        }
        for head in exchange.informational { lines += [.empty] + self.lines(of: head, theme) }
        lines.append(.empty)
        if let response = exchange.response {
            lines += self.lines(of: response, theme)
        } else if let failure = exchange.failure {
            lines.append(StyledLine(" \(theme.marks.glyph(of: .failed).text) \(failure.message)", theme.failure))
        } else {
            lines.append(StyledLine(" No answer yet.", theme.quiet))
        }
        if let trailers = exchange.bodyEnd?.trailers, !trailers.isEmpty {
            lines += [.empty, StyledLine(" Trailers", theme.strong)]
            lines += trailers.sorted { $0.key < $1.key }.map { field($0.key, $0.value, theme) }
        }
        if exchange.isAnsweredInPlace, let answer = exchange.answer {
            lines += [.empty, StyledLine(" answered with", theme.quiet)] + self.lines(of: answer, theme)
        }
        return DetailPage(lines)
    }

    private static func lines(of head: ResponseHead, _ theme: Theme) -> [StyledLine] {
        var first = StyledLine(" \(head.version) ")
        first.add("\(head.status) \(head.reason)", theme.style(ofStatus: head.status).adding(.bold))
        return [first] + head.fields.map { field($0.name.rawName, $0.value, theme) }
    }

    private static func field(_ name: String, _ value: String, _ theme: Theme) -> StyledLine {
        var line = StyledLine("   \(name): ", theme.key)
        line.add("\(value)")
        return line
    }
}

/// The Raw page: both heads as they crossed the wire, byte for byte; what can't be shown is written out.
enum RawPage {
    static func page(of exchange: Exchange, _ model: Model) -> DetailPage {
        let theme = model.theme
        var lines: [StyledLine] = []
        if let sent = exchange.sentHead {
            let verb = exchange.cause == .caught && !exchange.isForwarded ? "received" : "sent"
            let isLine = exchange.served?.unreadableLine != nil
            let words = isLine ? "the first line" : "\(Figures.size(exchange.sentBytes)) with the body"
            lines.append(StyledLine(" \(verb), \(words)", theme.quiet))
            lines += raw(sent.bytes)
        } else {
            lines.append(StyledLine(" Nothing was sent yet.", theme.quiet))
        }
        if let response = exchange.response {
            let verb = exchange.cause == .caught && !exchange.isForwarded ? "answered" : "received"
            lines += self.lines(of: response, verb, theme)
        }
        if exchange.isAnsweredInPlace, let answer = exchange.answer {
            lines += self.lines(of: answer, "answered", theme)
        }
        return DetailPage(lines)
    }

    private static func lines(of head: ResponseHead, _ verb: String, _ theme: Theme) -> [StyledLine] {
        guard !head.bytes.isEmpty else {
            let words = " \(head.version) has no text head; Headers shows its fields."
            return [.empty, StyledLine("\(words)", theme.quiet)]
        }
        return [.empty, StyledLine(" \(verb)", theme.quiet)] + raw(head.bytes)
    }

    /// Line ends are shown where they are not CR LF: those are the ones that cause trouble.
    private static func raw(_ bytes: [UInt8]) -> [StyledLine] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { line in
            let ending = line.last == 13 ? line.dropLast() : line + Array("^J".utf8)
            return StyledLine("   " + SafeText(untrusted: ending))
        }
    }
}
