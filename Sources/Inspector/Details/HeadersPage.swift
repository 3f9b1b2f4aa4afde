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
        lines.append(
            StyledLine(" \(exchange.draft.method.rawValue) \(exchange.draft.url.description)", theme.strong))
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
            lines.append(StyledLine(" \(verb), \(Figures.size(exchange.sentBytes)) with the body", theme.quiet))
            lines += raw(sent.bytes)
        } else {
            lines.append(StyledLine(" Nothing was sent yet.", theme.quiet))
        }
        guard let response = exchange.response else { return DetailPage(lines) }
        lines.append(.empty)
        if response.bytes.isEmpty {
            lines.append(StyledLine(" \(response.version) has no text head; Headers shows its fields.", theme.quiet))
        } else {
            let verb = exchange.cause == .caught && !exchange.isForwarded ? "answered" : "received"
            lines.append(StyledLine(" \(verb)", theme.quiet))
            lines += raw(response.bytes)
        }
        return DetailPage(lines)
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
