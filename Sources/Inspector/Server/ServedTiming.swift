import HTTPTrace
import Sessions
import TextScreen

// The Timing page of a request that came in: what its client's side saw here, and, where it went on, the way to the
// server behind between the two, all on one axis.
//
//     request    0.0     0.2   ▸
//     queued …                  ┄─═        on the way to the server behind
//     wait                         ░░░░
//     answer    12.4     3.1           ██

extension TimingPage {
    /// The lines of the table, for a request that came in; nil for all others.
    func servedLines(axis: TimeAxis) -> [StyledLine]? {
        guard exchange.cause == .caught, let served = exchange.served else { return nil }
        var lines = [servedLine("request", served.phases[.send], .send, bodyWords(served.requestBytes), axis)]
        if exchange.isForwarded {
            // What did not happen on the way is said in one line, below.
            lines += exchange.phases.present.map { phaseLine($0.phase, axis: axis) }
        } else {
            lines.append(servedLine("handler", served.phases[.wait], .wait, nil, axis))
        }
        lines.append(servedLine("answer", served.phases[.receive], .receive, bodyWords(served.responseBytes), axis))
        return lines
    }

    private func bodyWords(_ bytes: Int) -> String? { bytes > 0 ? "body \(Figures.size(bytes))" : nil }

    private func servedLine(
        _ name: SafeText, _ span: PhaseSpans.Span?, _ mark: BarMark, _ note: String?, _ axis: TimeAxis
    ) -> StyledLine {
        guard let span else { return absentLine(name, exchange.isRunning ? "not yet" : "not reached") }
        return spanLine(name, span, mark, note.map { "\($0)" }, axis: axis)
    }

    /// Who sent it: *"127.0.0.1:51234 on s1 · TLSv1.3"*; for the demo's rows, what the server saw.
    func servedLine() -> StyledLine? {
        guard let served = exchange.served else { return nil }
        let connection = model.session.server[served.connection]
        guard exchange.cause == .caught else { return pairedLine(served) }
        var words = ["\(served.client) on \(served.connection)"]
        if let tls = connection?.tls { words.append(tls.version) }
        if let handshake = connection?.handshake, served.use == 1, let end = handshake.end {
            words.append("handshake \(model.figures.time(end - handshake.start)) before")
        }
        if exchange.isForwarded {
            let between = betweenWords(served)
            if !between.isEmpty { words.append(between) }
        }
        return StyledLine(" \(words.joined(separator: dot))")
    }

    /// The phases of a caught request in a server's words, for a screen without room for the table.
    func servedWords(_ served: ServedRequest) -> [String] {
        served.phases.present.map { "\($0.phase.servedName) \(milliseconds($0.span.duration(at: end)))" }
    }

    /// What this program itself took: between the request's head and its going on, and between the answer's first byte from
    /// behind and ours. How long the client took for its head is the client's.
    private func betweenWords(_ served: ServedRequest) -> String {
        guard let sent = exchange.phases[.send]?.start, let head = served.handler?.start,
            let answered = served.phases[.receive]?.start, let received = exchange.phases[.receive]?.start
        else { return "" }
        let setUp = [Phase.queued, .dns, .connect, .tunnel, .tls].reduce(Duration.zero) {
            $0 + (exchange.phases[$1]?.duration(at: end) ?? .zero)
        }
        let before = max(sent - head - setUp, .zero)
        let after = max(answered - received, .zero)
        return "between \(milliseconds(before)) there, \(milliseconds(after)) back"
    }

    /// Beside a request of our own client: what the demo's server saw of it.
    private func pairedLine(_ served: ServedRequest) -> StyledLine {
        var line = StyledLine(" server \(served.connection)", theme.quiet)
        line.add("\(servedWords(served).joined(separator: dot))", at: Self.servedWordsStart)
        return line
    }

    private static let servedWordsStart = 13
}

extension Phase {
    /// What a phase is called on a server's side: `send` is a request that arrives there.
    var servedName: String {
        switch self {
        case .send: "request"
        case .wait: "handler"
        default: "answer"
        }
    }
}
