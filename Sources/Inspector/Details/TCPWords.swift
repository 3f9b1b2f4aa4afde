import HTTPTrace

/// What the kernel knows of a connection, in words.
enum TCPWords {
    /// `round trip 38.2 ms, varies by 1.1 ms · 2 sent again · window 10 · 812 out, 41 k in on the wire`.
    static func sentence(on facts: TCPFacts, dot: String) -> String {
        let figures = Figures()
        var words = ["round trip \(figures.time(facts.roundTrip)), varies by \(figures.time(facts.roundTripVariation))"]
        if facts.retransmits > 0 { words.append("\(facts.retransmits) sent again") }
        words.append("window \(facts.congestionWindow)")
        if let bytes = facts.exchange {
            words.append("\(Figures.size(bytes.sent)) out, \(Figures.size(bytes.received)) in on the wire")
        }
        return words.joined(separator: dot)
    }
}
