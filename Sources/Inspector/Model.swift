public import HTTPTrace
public import Sessions
public import TextScreen

// Everything the interface knows. `update` is the only one who changes it, `render` only looks; between two messages it
// is always settled: the selection exists, the scroll positions show it, and what is costly to compute is at hand.

/// The state of the interface.
public struct Model: Sendable {
    public internal(set) var session: Session
    public internal(set) var size = Size.zero
    public var theme: Theme
    /// A word in the top line that says what kind of session this is: `demo`, `replay`; nil for none.
    public var mark: String?
    /// What must not be overlooked as long as it holds, in the top line; nil without anything of the kind.
    public var alarm: String?
    /// Where the secrets of TLS sessions are written (SSLKEYLOGFILE); nil where they are kept.
    public var keyLogPath: String?
    /// What `~/` stands for in paths that are typed; nil leaves it as it is.
    public var homePath: String?
    /// What holds for every request (`follow`, `verify`, `h2,h1`), shown in the probe line where there is room.
    public var standingOptions: [String] = []
    /// Where requests that begin with a key get their numbers, and all others too.
    public let numbers: ExchangeNumbers
    /// What a person may change of that, behind `,`.
    public var options = RequestOptions()

    /// The server whose requests are the rows; nil where rows are what this program sends.
    public var listening: Listening?

    // What is shown
    var rows = RowList()
    var activity = Activity()
    var pool = PoolIndex()
    /// The request each redirect led to.
    var redirects: [ExchangeID: ExchangeID] = [:]
    /// The highest number so far.
    var lastID = ExchangeID(0)
    /// What `R` started; nil when that has ended.
    var repeating: Repeating?
    /// What came of earlier ones, in a sentence, by the request that was repeated.
    var repeatResults: [ExchangeID: String] = [:]
    var engine: EngineFacts?
    var recordingPath: String?

    // Where the person is
    var focus = Pane.requests
    /// Whether the focused pane has the screen for itself.
    var isExpanded = false
    var selected: ExchangeID?
    /// Where `selected` stands; nil when the list is empty.
    var selectedRow: Int?
    /// Whether the selection jumps to each new row.
    var isFollowing = true
    var firstRow = 0
    var tab = DetailTab.timing
    var detailScroll = 0
    var connectionScroll = 0
    /// Whose connections the pane shows.
    public var side = Side.client
    /// Which body the Body page shows; nil for the more telling one of each row.
    var bodySide: BodySide?
    var timeline = TimelineMode.automatic
    /// The axis shows 2^-zoom of what fits.
    var zoom = 0
    var mode = Mode.browsing
    /// The filter as last entered, on or off.
    var filter: RowFilter?
    var isFilterOn = true
    /// What `n` and `N` go on with; nil where `n` types a request.
    var search: Search?
    /// What was looked for, oldest first.
    var searches: [String] = []
    /// In the order of marking.
    var marked: [ExchangeID] = []
    /// The request the selected one is compared with; nil while nothing is compared.
    var comparedWith: ExchangeID?
    /// What differs between the two.
    var comparison: Comparison?
    /// Rows taken off the list, the latest last.
    var undo: [ExchangeID] = []
    var message: Notice?
    public var hasMouse = true
    /// Whether it was said how text is selected while the mouse is ours.
    var hasExplainedDrag = false
    /// The question whether to quit went by itself since the last key.
    var hasWithdrawnQuestion = false
    /// ^C was the last key.
    var isInterrupted = false
    var history: [String]
    /// A probe line that was left without being sent: Up brings it back. Never in the history that is kept on disk.
    var abandonedLine: String?
    /// The line of the latest export, as typed.
    var typedExport: String?
    /// What `x` offers instead of the usual: the line of an export that failed.
    var offeredExport: String?
    /// What `R` offers: the latest.
    var lastPlan = RepeatLine.usual

    /// The selected exchange's body, cut into lines for the pane; nil while another tab is shown.
    var bodyText: BodyText?

    struct Notice: Equatable, Sendable {
        var text: String
        var isError: Bool
    }

    /// - Parameters:
    ///   - clock: Ties the stamps to dates.
    ///   - theme: What the terminal can show.
    ///   - history: Probe lines of earlier sessions, oldest first.
    ///   - numbers: The engine's own, where it begins requests by itself.
    public init(
        clock: ClockAnchor, theme: Theme = Theme(), history: [String] = [],
        numbers: ExchangeNumbers = ExchangeNumbers()
    ) {
        session = Session(clock: clock)
        self.theme = theme
        self.history = history
        self.numbers = numbers
    }

    /// How many requests have not ended: what quitting would cut short.
    public var runningCount: Int { activity.running.count }

    /// Whether requests come by the hundred just now.
    public var isRepeating: Bool { repeating != nil }

    /// Opens the probe line, as at the start of a session without requests.
    public mutating func openProbeLine(_ text: String = "") {
        mode = .prompt(Prompt(.probe(editing: nil), text: text, history: offeredHistory))
    }

    /// What Up goes through in a probe line.
    var offeredHistory: [String] { history + (abandonedLine.map { [$0] } ?? []) }

    var selectedExchange: Exchange? { selected.flatMap { session[$0] } }
    var counts: Statistics.Counts { session.statistics.counts }
    // Of its parts: a model as an argument would be copied.
    var layout: ScreenLayout { ScreenLayout(size: size, focus: focus, isExpanded: isExpanded) }
    var figures: Figures { Figures(theme) }
    /// The filter in force.
    var activeFilter: RowFilter? { isFilterOn ? filter : nil }
}

/// The parts of the screen that take keys.
enum Pane: CaseIterable, Sendable { case requests, detail, connections }

/// What the keys are for just now.
enum Mode: Equatable, Sendable {
    case browsing
    case prompt(Prompt)
    /// `y` was pressed: the next key says what to copy.
    case copying
    /// `,` was pressed: the next key says which option to turn.
    case choosingOption
    case confirming(Confirmation)
    case help(HelpState)
}

/// A question that one key answers.
enum Confirmation: Equatable, Sendable {
    case quit
    /// Several lines were pasted.
    case send([RequestDraft])
    /// The file to be exported to exists.
    case replace(ExportRequest)
}

/// A line being typed, and what it is for.
struct Prompt: Equatable, Sendable {
    enum Purpose: Equatable, Sendable {
        /// A request, new or made from an existing one.
        case probe(editing: ExchangeID?)
        case filter
        /// A text to be found.
        case search
        /// The path of a file to export to.
        case export
        /// What a listening server answers.
        case answer
        /// How often this one is sent again.
        case repeating(ExchangeID)
    }

    var purpose: Purpose
    var editor: LineEditor
    /// Whether Enter was refused: what is wrong is then said in earnest.
    var isRefused = false
    /// What it began with.
    let offered: String

    init(_ purpose: Purpose, text: String, history: [String] = []) {
        self.purpose = purpose
        editor = LineEditor(text, history: history)
        offered = editor.text
    }
}

/// The help screen's state.
struct HelpState: Equatable, Sendable {
    /// Only bindings that contain it are listed.
    var filter = ""
    var scroll = 0
}

/// The pages of the detail pane.
enum DetailTab: Int, CaseIterable, Sendable {
    case timing, headers, body, tls, events, raw

    var title: String {
        switch self {
        case .timing: "Timing"
        case .headers: "Headers"
        case .body: "Body"
        case .tls: "TLS"
        case .events: "Events"
        case .raw: "Raw"
        }
    }
}
