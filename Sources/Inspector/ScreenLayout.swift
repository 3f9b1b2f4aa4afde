import TextScreen

// Which part of the screen is whose. Drawing and moving both ask here, so that a page of the list is exactly what is
// seen of it.
//
//     top line                        ≥ 100x24: as drawn, detail and connections side by side
//     probe line                      ≥ 80x20: one pane below the list
//     list head and rows              smaller: one pane at a time
//     ━━ rule ━━━━━━┳━━━━━━━━━━       below 40x8: three lines, see `TinyScreen`
//     detail        ┃ connections
//     message, keys

/// The regions of the screen; those that are not shown are nil.
struct ScreenLayout: Equatable, Sendable {
    enum Class: Int, Comparable, Sendable {
        /// Counts, one URL, a way out.
        case tiny
        /// Below 60 columns: the selected row has a second line.
        case small
        /// Below 80 columns or 20 rows: no detail beside the list.
        case narrow
        /// Below 100 columns: the pane on the right becomes a page.
        case compact
        case full
        /// From 160x45: more columns.
        case wide

        static func < (left: Class, right: Class) -> Bool { left.rawValue < right.rawValue }
    }

    let screenClass: Class
    private(set) var top: Region?
    /// The probe line, where it has a place of its own; else prompts stand in `message`.
    private(set) var probe: Region?
    private(set) var listHead: Region?
    private(set) var list: Region?
    private(set) var rule: Region?
    private(set) var detail: Region?
    /// The heavy line between detail and connections.
    private(set) var divider: Int?
    private(set) var connections: Region?
    private(set) var message: Region?
    private(set) var keys: Region?

    /// Enough for the timing page with all its lines and a body preview below; the list gets the rest.
    private static let detailRowLimit = 21

    init(size: Size, focus: Pane, isExpanded: Bool) {
        let screen = Region(columns: size.columns, rows: size.rows)
        screenClass = Self.classify(size)
        guard screenClass > .tiny else { return }
        let hasProbe = screenClass >= .full
        let parts = screen.splitRows(.fixed(1), .fixed(hasProbe ? 1 : 0), .rest, .fixed(1), .fixed(1))
        (top, message, keys) = (parts[0], parts[3], parts[4])
        if hasProbe { probe = parts[1] }
        let content = parts[2]

        if isExpanded || (screenClass < .compact && focus != .requests) {
            expand(focus, over: content)
        } else if screenClass < .compact {
            placeList(in: content)
        } else {
            let below = min(
                Self.detailRowLimit, screenClass == .compact ? max(7, content.rows / 3) : content.rows / 2 - 1)
            let halves = content.splitRows(.rest, .fixed(1), .fixed(below))
            placeList(in: halves[0])
            rule = halves[1]
            if screenClass == .compact {
                if focus == .connections { connections = halves[2] } else { detail = halves[2] }
            } else {
                // 40 columns hold a lane's facts; beyond 100 columns three of five more go there.
                let width = min(80, 40 + (size.columns - 100) * 3 / 5)
                let sides = halves[2].splitColumns(.rest, .fixed(1), .fixed(width))
                (detail, divider, connections) = (sides[0], sides[1].column, sides[2])
            }
        }
    }

    private static func classify(_ size: Size) -> Class {
        switch (size.columns, size.rows) {
        case (..<40, _), (_, ..<8): .tiny
        case (..<60, _): .small
        case (..<80, _), (_, ..<20): .narrow
        case (..<100, _), (_, ..<24): .compact
        case (160..., 45...): .wide
        default: .full
        }
    }

    private mutating func placeList(in region: Region) {
        guard screenClass > .small else {
            list = region
            return
        }
        let parts = region.splitRows(.fixed(1), .rest)
        (listHead, list) = (parts[0], parts[1])
    }

    private mutating func expand(_ pane: Pane, over region: Region) {
        guard pane != .requests else { return placeList(in: region) }
        let parts = region.splitRows(.fixed(1), .rest)
        rule = parts[0]
        if pane == .detail { detail = parts[1] } else { connections = parts[1] }
    }

    /// Rows of the list that fit; the selected one may take two lines, and a blank line parts the list from the rule.
    var listRows: Int {
        guard let list else { return 0 }
        switch screenClass {
        case .tiny: return 0
        case .small: return max(1, list.rows - 1)
        default: return max(1, list.rows - (rule == nil || list.rows < 4 ? 0 : 1))
        }
    }

    /// Whether the tabs stand in the rule instead of a line of their own.
    var hasTabsInRule: Bool { screenClass <= .compact }

    /// Lines of the detail page that fit below its tabs.
    var detailRows: Int { max(0, (detail?.rows ?? 0) - (hasTabsInRule ? 0 : 1)) }
}
