import HTTPTrace
import Sessions
import TextScreen

// The Timing page where a table has no room: the same figures, one bar over the whole width and a few lines.

extension TimingPage {
    /// One bar over the whole width, then figures.
    func compactLines() -> [StyledLine] {
        let total: SafeText = "\(model.figures.time(end - exchange.startedAt))"
        let axis = TimeAxis(
            from: exchange.startedAt, length: end - exchange.startedAt, columns: max(4, columns - total.width - 4))
        let bar = PhaseBar(exchange, on: axis, at: now)
        var first = StyledLine(" ")
        for mark in bar.marks.prefix(axis.columns) {
            first.add(theme.marks.glyph(of: mark).safeText, theme.style(of: mark))
        }
        first.add("  " + total, theme.strong)
        var lines = [first]

        if exchange.cause == .caught, let served = exchange.served {
            lines += wrapped(servedWords(served) + (exchange.isForwarded ? [] : answerWords()))
            if let line = servedLine() { lines.append(line) }
            guard exchange.isForwarded else { return lines + [shareLine(), historyLine()].compactMap { $0 } }
        }
        let happened = exchange.phases.present.map { "\($0.phase.rawValue) \(milliseconds($0.span.duration(at: end)))" }
        lines += wrapped(happened)
        let absent = [Phase.dns, .connect, .tls].filter { exchange.phases[$0] == nil }
            .map { "\($0.rawValue) \(theme.marks.absent.string) (\(absence(of: $0)))" }
        lines += wrapped(merged(absent) + answerWords())
        if let peer = peerLine() { lines.append(peer) }
        if let arrivals = arrivalWords() { lines.append(StyledLine(" \(arrivals)")) }
        if let words = heldUpWords(), let time = exchange.heldUp {
            lines += wrapped(["held up \(milliseconds(time)) \(words)"])
        }
        if let server = exchange.serverTiming {
            lines.append(
                StyledLine(" server-timing \(Figures.fixed(server.total, decimals: 1)): \(serverWords(server))"))
        }
        return lines
            + [exchange.failure == nil ? nil : shareLine(), twinLine(), redirectLine(), historyLine()].compactMap { $0 }
    }

    /// Three phases that did not happen for one reason are one word.
    private func merged(_ absent: [String]) -> [String] {
        guard absent.count == 3, case .reused(let connection) = exchange.absence(of: .connect) else { return absent }
        return ["reused \(connection): no dns, connect, tls"]
    }

    private func peerLine() -> StyledLine? {
        guard let got = exchange.connection else { return nil }
        let reuse = exchange.usesItsEarlierDial ? "of an earlier attempt" : got.isReused ? "reused" : "new"
        var words = ["\(got.connection) \(reuse)", "\(got.remote)"]
        if let tls = exchange.tls ?? model.session.connections[got.connection]?.facts?.tls {
            words.append(tls.isResumed ? "\(tls.version) resumed" : tls.version)
        }
        if let response = exchange.response { words.append(response.version) }
        return StyledLine(" \(words.joined(separator: dot))")
    }

    /// Words with dots between them, on as many lines as they need.
    private func wrapped(_ words: [String]) -> [StyledLine] {
        var lines: [String] = []
        for word in words {
            if let last = lines.last, last.count + dot.count + word.count < columns {
                lines[lines.count - 1] = last + dot + word
            } else {
                lines.append(" " + word)
            }
        }
        return lines.map { StyledLine("\($0)") }
    }
}
