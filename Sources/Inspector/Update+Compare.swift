import HTTPTrace
import Sessions

// Marks, and comparing: the selected request beside a marked one, or beside the one it was made from.

extension Model {
    mutating func toggleMark() {
        guard let id = selected else { return }
        if let place = marked.firstIndex(of: id) { marked.remove(at: place) } else { marked.append(id) }
        // On to the next row, so that several are marked by pressing the key several times.
        if let row = selectedRow, row + 1 < rows.count { select(row: row + 1) }
    }

    mutating func unmarkAll() {
        say("\(Figures.plural(marked.count, "mark")) taken away.")
        marked = []
    }

    /// Opens the comparison, or closes it.
    mutating func compare() {
        guard comparedWith == nil else { return stopComparing() }
        guard let exchange = selectedExchange else { return }
        guard let reference = reference(for: exchange) else {
            say("Nothing to compare \(exchange.id) with: mark another request with m first.")
            return
        }
        comparedWith = reference
        focus = .detail
        isExpanded = true
        detailScroll = 0
    }

    mutating func stopComparing() {
        comparedWith = nil
        comparison = nil
        detailScroll = 0
    }

    private static let rowsSearchedForReference = 10_000

    /// The request marked last; else the one that was replayed or edited; else the one before it of the same URL, of what
    /// came in rather another that came in.
    private func reference(for exchange: Exchange) -> ExchangeID? {
        if let mark = marked.last(where: { $0 != exchange.id && session[$0] != nil }) { return mark }
        if case .replay(let original) = exchange.cause, session[original] != nil { return original }
        // Old rows are packed, and a session may hold a million: one from long ago is to be marked.
        let number = exchange.id.number
        var second: ExchangeID?
        for other in (max(1, number - Self.rowsSearchedForReference)..<max(1, number)).reversed() {
            guard let other = session[ExchangeID(other)], other.draft.url == exchange.draft.url,
                other.draft.method == exchange.draft.method
            else { continue }
            if (other.cause == .caught) == (exchange.cause == .caught) { return other.id }
            second = second ?? other.id
        }
        return second
    }

    /// Brings the comparison up to date: the selection moved, or one of the two went on.
    mutating func settleComparison() {
        guard let reference = comparedWith else { return }
        guard let before = session[reference], let after = selectedExchange else { return stopComparing() }
        guard comparison?.subject != Comparison.Subject(before, after) else { return }
        comparison = Comparison(before, after)
    }
}
