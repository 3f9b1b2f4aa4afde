import HTTPTrace
import Sessions
import TextScreen

// `/` looks for a text: in the list through all that is known of each request, in the detail on the page that is shown.
// Until Esc, `n` and `N` go on with it, and what matches on the screen is marked.

/// The search in force.
struct Search: Equatable, Sendable {
    let needle: Needle
    /// The match gone to last; nil before the first.
    var match: Match?
    /// What looking through the list has come to; nil while nothing is looked for there.
    var walk: RowWalk?

    init(_ needle: Needle) { self.needle = needle }

    struct Match: Equatable, Sendable {
        var place: DetailPage.Place
        var page: PageID
    }

    /// What a page is about: a match on another one is none on this.
    struct PageID: Equatable, Sendable {
        var exchange: ExchangeID
        var comparedWith: ExchangeID?
        var tab: DetailTab
        var side: BodySide?
    }

    /// Where a search through the rows has got to. It goes in portions, so that keys and frames come in between.
    struct RowWalk: Equatable, Sendable {
        var step: SearchStep
        /// The row that comes next; outside of the list it goes on at the other end.
        var row: Int
        /// How many rows are still to be looked at.
        var left: Int
        var hasWrapped = false
    }
}

extension Model {
    var shownPage: Search.PageID? {
        selected.map { Search.PageID(exchange: $0, comparedWith: comparedWith, tab: tab, side: bodySide) }
    }

    /// The match on the shown page that is to stand out from the others.
    var currentMatch: DetailPage.Place? {
        guard let match = search?.match, match.page == shownPage else { return nil }
        return match.place
    }

    /// Looks for what was typed; for what was looked for last, where nothing was.
    mutating func beginSearch(_ text: String, at now: Timestamp) -> [Effect] {
        guard let needle = Needle(text) ?? search?.needle ?? searches.last.flatMap({ Needle($0) }) else { return [] }
        search = Search(needle)
        return goOnSearching(.forward, at: now)
    }

    mutating func endSearch() {
        search = nil
        say("The search is over; n types a request again.")
    }

    /// To the next match, of the page where the detail has the keys and else of the list.
    mutating func goOnSearching(_ step: SearchStep, at now: Timestamp) -> [Effect] {
        guard search != nil else { return [] }
        guard focus == .detail, layout.detail != nil else {
            let row = selectedRow ?? (step == .forward ? -1 : rows.count)
            search?.walk = Search.RowWalk(step: step, row: row + (step == .forward ? 1 : -1), left: rows.count)
            return searchRows(at: now)
        }
        searchPage(step, at: now)
        return []
    }

    // MARK: the page

    private mutating func searchPage(_ step: SearchStep, at now: Timestamp) {
        guard let needle = search?.needle, let id = shownPage, let page = searchedPage(at: now) else { return }
        let rows = max(1, layout.detailRows)
        var from = currentMatch
        // Who has moved away from it goes on from where they are.
        if let line = from?.line, !(detailScroll..<detailScroll + rows).contains(line) { from = nil }
        let start = from ?? DetailPage.Place(line: detailScroll + (step == .forward ? 0 : rows), start: -1)
        if let place = page.find(needle, from: start, step) { return show(place, on: id) }
        guard let place = page.find(needle, from: nil, step) else {
            search?.match = nil
            return say("\(needle.text) is not on this page; in the list, / looks through all requests.")
        }
        show(place, on: id)
        if place == from {
            say("This is the only match on this page.")
        } else {
            say(step == .forward ? "Past the end: on from the top." : "Past the top: on from the end.")
        }
    }

    private func searchedPage(at now: Timestamp) -> DetailPage? {
        guard let detail = layout.detail, let exchange = selectedExchange else { return nil }
        return DetailPage.page(of: exchange, self, columns: detail.columns, rows: layout.detailRows, at: now)
    }

    private mutating func show(_ place: DetailPage.Place, on page: Search.PageID) {
        search?.match = Search.Match(place: place, page: page)
        // The last row may be the pool's.
        let rows = max(1, layout.detailRows - 1)
        guard !(detailScroll..<detailScroll + rows).contains(place.line) else { return }
        detailScroll = max(0, place.line - rows / 3)
    }

    // MARK: the list

    /// Bytes looked at before keys and frames have their turn: some milliseconds.
    private static let portion = 2 << 20

    /// Looks through the next rows, and selects the first that matches.
    mutating func searchRows(at now: Timestamp) -> [Effect] {
        guard let needle = search?.needle, var walk = search?.walk else { return [] }
        var spent = 0
        while walk.left > 0, !rows.isEmpty {
            guard spent < Self.portion else {
                search?.walk = walk
                say("Looking for \(needle.text): \(Figures.plural(walk.left, "request")) to go; any key stops.")
                return [.goOnSearching]
            }
            if !rows.ids.indices.contains(walk.row) {
                walk.row = walk.step == .forward ? 0 : rows.count - 1
                walk.hasWrapped = true
            }
            let row = walk.row
            walk.row += walk.step == .forward ? 1 : -1
            walk.left -= 1
            guard let exchange = session[rows.ids[row]], let part = exchange.part(with: needle, spent: &spent) else {
                continue
            }
            search?.walk = nil
            show(part, of: exchange.id, row: row, isPastEnd: walk.hasWrapped ? walk.step : nil, at: now)
            return []
        }
        search?.walk = nil
        say("\(needle.text) is in none of the listed requests.")
        return []
    }

    /// Selects the row, and opens the page that has the match, unless the row itself shows it.
    private mutating func show(
        _ part: SearchedPart, of id: ExchangeID, row: Int, isPastEnd: SearchStep?, at now: Timestamp
    ) {
        let way: String =
            switch isPastEnd {
            case nil: ""
            case .forward?: "Past the end, on from the top: "
            case .backward?: "Past the top, on from the end: "
            }
        say("\(way)\(way.isEmpty ? "F" : "f")ound in \(part.words) of \(id).")
        select(row: row)
        switch part {
        case .url, .failure: return
        case .requestHead, .responseHead: tab = .headers
        case .requestBody, .responseBody:
            tab = .body
            let side: BodySide = part == .requestBody ? .request : .response
            if let exchange = session[id], shownBody(of: exchange).side != side {
                bodySide = side
                bodyText = nil
            }
        }
        detailScroll = 0
        // The body is cut into lines for its page.
        settle()
        guard let needle = search?.needle, let page = shownPage,
            let place = searchedPage(at: now)?.find(needle, from: nil, .forward)
        else { return }
        show(place, on: page)
    }
}
