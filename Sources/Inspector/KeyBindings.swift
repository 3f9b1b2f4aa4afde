import Sessions
import TextScreen

// Every key, once: the bottom line and the help are made from this table, so neither can promise what does not work.

/// What a key does. Carried out by `Update+Actions`.
enum Action: Equatable, Sendable {
    case move(Move)
    /// Another request, whichever pane has the keys.
    case nextRow, previousRow
    case nextPane, previousPane
    case nextTab, previousTab
    case tab(DetailTab)
    /// One step back; `leave` goes on to quit where there is nothing to go back to.
    case expand, back, leave, quitAtOnce, interrupt
    case probe, replay, `repeat`, edit, cancel, remove, restore
    case followRedirect, options
    case follow, nextTimeline, zoomIn, zoomOut, zoomFit
    case connections, copy, export
    case mark, unmarkAll, compare
    case otherSide, otherBody, answer
    case viewBody, editBody
    case filter, toggleFilter, order, resetOrder
    case search, nextMatch, previousMatch
    case toggleMouse, redraw, suspend, help
}

/// Steps through a list or a page.
enum Move: Equatable, Sendable {
    case lines(Int)
    case halfPages(Int)
    case first, last
}

/// One row of the table.
struct KeyBinding: Sendable {
    var keys: [Key]
    var action: Action
    /// The word in the bottom line; nil keeps it out of there.
    var hint: String?
    /// A plain sentence for the help.
    var help: String
    /// Where it works; empty means everywhere.
    var panes: Set<Pane> = []
    /// Whether it stands before all others in the bottom line, as it is there just for a while.
    var comesFirst = false
    /// Whether it would do something just now.
    var isAvailable: @Sendable (Model) -> Bool = { _ in true }

    /// The key as the bottom line names it.
    var keyName: String { keys[0].description }
    /// All keys for the help: `j Down`.
    var keyNames: String { keys.map(\.description).joined(separator: " ") }
}

/// The keys of the program.
enum KeyBindings {
    private static let hasRow: @Sendable (Model) -> Bool = { $0.selected != nil }
    private static let isSearching: @Sendable (Model) -> Bool = { $0.search != nil }
    private static let hasRunning: @Sendable (Model) -> Bool = {
        $0.repeating != nil || $0.selectedExchange?.isRunning ?? false
    }

    /// In the order of the help; those with a hint fill the bottom line in the same order.
    static let all: [KeyBinding] = [
        KeyBinding(
            keys: [.character("n"), .character("a")], action: .probe, hint: "Probe",
            help: "Type a request: a URL, a method and a URL with -H and -d, or a curl command."),
        KeyBinding(
            keys: [.character("r")], action: .replay, hint: "Replay",
            help: "Send the selected request again, as a new row.", isAvailable: hasRow),
        KeyBinding(
            keys: [.character("R")], action: .repeat, hint: "Repeat",
            help: "Send the selected request many times: 100 x 10 50/s is a hundred, ten at a time, fifty a second.",
            isAvailable: hasRow),
        KeyBinding(
            keys: [.character("e")], action: .edit, hint: "Edit",
            help: "Edit a copy of the selected request, then send it.", isAvailable: hasRow),
        KeyBinding(
            keys: [.character("A")], action: .answer, hint: "Answer",
            help: "While listening: edit what is answered, its status, -H fields, -d body and --delay in ms.",
            isAvailable: { $0.listening.map { $0.forwardsTo == nil } ?? false }),
        KeyBinding(
            keys: [.character("S")], action: .otherSide, hint: "Side",
            help: "The connections as the server sees them, or as the client does.",
            isAvailable: { $0.hasBothSides }),
        KeyBinding(
            keys: [.character("X")], action: .cancel, hint: "Cancel",
            help: "Cancel the selected request, whatever it is doing; or stop the repeat that runs.",
            isAvailable: hasRunning),
        KeyBinding(
            keys: [.character(">")], action: .followRedirect, hint: "Follow",
            help: "Go on where the response leads: a redirect that was not followed by itself.",
            isAvailable: { $0.leadsOn }),
        KeyBinding(
            keys: [.character(",")], action: .options, hint: nil,
            help: "Options: then f to follow redirects, c to keep cookies, z to ask for compression."),
        KeyBinding(
            keys: [.character("=")], action: .compare, hint: "Compare",
            help: "Compare with the marked request, else with the original or the same URL before.",
            isAvailable: { $0.rows.count > 1 || $0.comparedWith != nil }),
        KeyBinding(
            keys: [.character("m")], action: .mark, hint: nil,
            help: "Mark the selected request, or take its mark away; x writes marked ones only.", isAvailable: hasRow),
        KeyBinding(
            keys: [.character("U")], action: .unmarkAll, hint: nil, help: "Take all marks away.",
            isAvailable: { !$0.marked.isEmpty }),
        KeyBinding(
            keys: [.character("y")], action: .copy, hint: "Copy",
            help: "Copy: then u the URL, c a curl command, h headers, b body, t timings.", isAvailable: hasRow),
        KeyBinding(
            keys: [.character("x")], action: .export, hint: "Export",
            help: "Write the listed or marked requests to a file; its ending names the format.",
            isAvailable: hasRow),
        KeyBinding(
            keys: [.character("f")], action: .filter, hint: "Filter",
            help: "Show only some requests: host:api status:5xx time>300 -is:running."),
        KeyBinding(
            keys: [.character("F")], action: .toggleFilter, hint: nil,
            help: "Switch the filter off and on again.", isAvailable: { $0.filter != nil }),
        KeyBinding(
            keys: [.character("/")], action: .search, hint: "Find",
            help: "Find a text: in the list in all there is of a request, in the detail on its page.",
            isAvailable: hasRow),
        KeyBinding(
            keys: [.character("n")], action: .nextMatch, hint: "Next",
            help: "While something is looked for: the next match. a types a request, Esc ends the search.",
            comesFirst: true, isAvailable: isSearching),
        KeyBinding(
            keys: [.character("N")], action: .previousMatch, hint: "Previous", help: "The match before, likewise.",
            comesFirst: true, isAvailable: isSearching),
        KeyBinding(
            keys: [.character("o")], action: .order, hint: "Order",
            help: "Order the list by start, time, wait, size or status.", isAvailable: hasRow),
        KeyBinding(
            keys: [.character("O")], action: .resetOrder, hint: nil, help: "Back to the order of asking.",
            isAvailable: { $0.rows.order != .start }),
        KeyBinding(
            keys: [.character("t")], action: .nextTimeline, hint: "Time",
            help: "What the bars mean: automatic, session time, aligned at zero, shares of each request.",
            isAvailable: hasRow),
        KeyBinding(
            keys: [.character("+")], action: .zoomIn, hint: nil,
            help: "Zoom the time axis in, around the selected request.", isAvailable: hasRow),
        KeyBinding(
            keys: [.character("-")], action: .zoomOut, hint: nil, help: "Zoom the time axis out.",
            isAvailable: { $0.zoom > 0 }),
        KeyBinding(
            keys: [.character("0")], action: .zoomFit, hint: nil, help: "Fit the time axis to the visible rows.",
            isAvailable: { $0.zoom > 0 }),
        KeyBinding(
            keys: [.character("s")], action: .follow, hint: nil, help: "Follow the newest request, or stay put."),
        KeyBinding(
            keys: [.character("d"), .delete], action: .remove, hint: nil, help: "Take the selected row off the list.",
            panes: [.requests], isAvailable: hasRow),
        KeyBinding(
            keys: [.character("u")], action: .restore, hint: nil, help: "Bring the row taken off last back.",
            isAvailable: { !$0.undo.isEmpty }),
        KeyBinding(
            keys: [.character("j"), .down], action: .move(.lines(1)), hint: nil, help: "Down one row or line."),
        KeyBinding(keys: [.character("k"), .up], action: .move(.lines(-1)), hint: nil, help: "Up one row or line."),
        KeyBinding(
            keys: [.character("J")], action: .nextRow, hint: nil,
            help: "The next request, also while the detail fills the screen.", isAvailable: hasRow),
        KeyBinding(
            keys: [.character("K")], action: .previousRow, hint: nil, help: "The previous request, likewise.",
            isAvailable: hasRow),
        KeyBinding(
            keys: [.control("d")], action: .move(.halfPages(1)), hint: nil, help: "Down half a page."),
        KeyBinding(keys: [.control("u")], action: .move(.halfPages(-1)), hint: nil, help: "Up half a page."),
        KeyBinding(
            keys: [.control("f"), .pageDown, .character(" ")], action: .move(.halfPages(2)), hint: nil,
            help: "Down a page."),
        KeyBinding(keys: [.control("b"), .pageUp], action: .move(.halfPages(-2)), hint: nil, help: "Up a page."),
        KeyBinding(
            keys: [.character("g"), .home], action: .move(.first), hint: nil, help: "To the first row or line."),
        KeyBinding(
            keys: [.character("G"), .end], action: .move(.last), hint: nil,
            help: "To the last row or line; in the list this follows the newest again."),
        KeyBinding(
            keys: [.enter], action: .expand, hint: nil,
            help: "Give the pane the whole screen; from the list: the detail.",
            isAvailable: { $0.selected != nil || $0.focus == .connections }),
        KeyBinding(keys: [.tab], action: .nextPane, hint: "Pane", help: "To the next pane."),
        KeyBinding(keys: [.backTab], action: .previousPane, hint: nil, help: "To the previous pane."),
        KeyBinding(
            keys: [.character("l"), .right], action: .nextTab, hint: nil, help: "The next page of the detail."),
        KeyBinding(
            keys: [.character("h"), .left], action: .previousTab, hint: nil, help: "The previous page of the detail."),
        KeyBinding(keys: [.character("1")], action: .tab(.timing), hint: nil, help: "Timing: where the time went."),
        KeyBinding(
            keys: [.character("2")], action: .tab(.headers), hint: nil, help: "Headers, in the order of the wire."),
        KeyBinding(keys: [.character("3")], action: .tab(.body), hint: nil, help: "Body, as text or as bytes."),
        KeyBinding(
            keys: [.character("4")], action: .tab(.tls), hint: nil, help: "TLS: version, cipher, certificates."),
        KeyBinding(
            keys: [.character("5")], action: .tab(.events), hint: nil, help: "Events: all that was seen, with times."),
        KeyBinding(keys: [.character("6")], action: .tab(.raw), hint: nil, help: "Raw: both heads as they crossed."),
        KeyBinding(
            keys: [.character("b")], action: .otherBody, hint: nil,
            help: "The Body page of the request, or of its answer.", isAvailable: hasRow),
        KeyBinding(
            keys: [.character("v")], action: .viewBody, hint: "View",
            help: "On the Body page: view the body in $PAGER, else in less or more.",
            panes: [.detail], comesFirst: true, isAvailable: { $0.showsBody }),
        KeyBinding(
            keys: [.character("V")], action: .editBody, hint: nil,
            help: "In the detail: edit the request's body in $VISUAL or $EDITOR; a changed one is sent as a new row.",
            panes: [.detail], isAvailable: hasRow),
        KeyBinding(
            keys: [.character("c")], action: .connections, hint: nil,
            help: "To the connections; once more gives them the whole screen."),
        KeyBinding(
            keys: [.character("M")], action: .toggleMouse, hint: nil,
            help: "Mouse off and on; off lets the terminal select text."),
        KeyBinding(keys: [.control("l")], action: .redraw, hint: nil, help: "Draw the screen anew."),
        KeyBinding(keys: [.control("z")], action: .suspend, hint: nil, help: "Back to the shell; fg returns."),
        KeyBinding(keys: [.control("c")], action: .interrupt, hint: nil, help: "Leave a prompt; twice in a row quits."),
        KeyBinding(
            keys: [.character("?"), .function(1)], action: .help, hint: "Help", help: "This page; type to search it."),
        KeyBinding(
            keys: [.escape], action: .back, hint: nil, help: "Back: to the panes, to the list, out of a prompt."),
        KeyBinding(
            keys: [.character("q")], action: .leave, hint: "Quit",
            help: "Back as well; from the list it quits, after a question while requests run."),
        KeyBinding(keys: [.character("Q")], action: .quitAtOnce, hint: nil, help: "Quit at once."),
    ]

    private static let byKey: [Key: [Int]] = {
        var table: [Key: [Int]] = [:]
        for (index, binding) in all.enumerated() {
            for key in binding.keys { table[key, default: []].append(index) }
        }
        return table
    }()

    /// What `key` is bound to now: a meaning that it has just for a while comes first. Nil where it has none.
    static func binding(for key: Key, in model: Model) -> KeyBinding? {
        let bindings = (byKey[key] ?? []).map { all[$0] }.filter { $0.panes.isEmpty || $0.panes.contains(model.focus) }
        return bindings.first { $0.comesFirst && $0.isAvailable(model) } ?? bindings.first
    }

    /// The bindings whose words fit the bottom line now, in order of their use.
    static func hints(for model: Model) -> [KeyBinding] {
        let hints = all.filter { binding in
            binding.hint != nil && (binding.panes.isEmpty || binding.panes.contains(model.focus))
                && binding.isAvailable(model)
        }
        return hints.filter(\.comesFirst) + hints.filter { !$0.comesFirst }
    }

    /// What `y` waits for.
    static let copies: [(key: Character, what: CopySubject, name: String)] = [
        ("u", .url, "URL"), ("c", .curl, "curl command"), ("h", .headers, "headers"), ("b", .body, "body"),
        ("t", .timings, "timings"),
    ]
}

/// What can be copied of an exchange.
enum CopySubject: Equatable, Sendable { case url, curl, headers, body, timings }
