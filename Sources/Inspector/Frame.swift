public import HTTPTrace
import Sessions
public import TextScreen

/// What the terminal shows: cells, and where its cursor blinks.
public struct Frame: Equatable, Sendable {
    public var screen: ScreenBuffer
    /// Column and row while a line is being typed; nil hides the cursor.
    public var cursor: (column: Int, row: Int)? {
        get { place.map { ($0.column, $0.row) } }
        set { place = newValue.map { Place(column: $0.column, row: $0.row) } }
    }

    private var place: Place?

    private struct Place: Equatable, Sendable {
        var column: Int
        var row: Int
    }

    init(screen: ScreenBuffer, cursor: (column: Int, row: Int)? = nil) {
        self.screen = screen
        self.cursor = cursor
    }
}

/// When the screen changes by itself, though no message comes: bars that grow, idle times that count down.
///
/// - Returns: The moment at which to render again; nil when nothing moves, and nobody needs to wake up.
public func nextFrame(_ model: Model, after now: Timestamp) -> Timestamp? {
    // 60 Hz is the most that a terminal shows and an eye tells apart.
    if model.runningCount > 0 { return now + .nanoseconds(16_666_667) }
    let layout = model.layout
    let showsIdleTimes = layout.connections != nil || (layout.screenClass == .compact && !model.isExpanded)
    let server = model.session.server.counts
    let restsSomewhere = model.side == .client ? model.pool.idle > 0 : server.idle + server.new > 0
    return restsSomewhere && showsIdleTimes ? now + .seconds(1) : nil
}

/// Whether anything on the screen moves with time.
public func needsFrames(_ model: Model) -> Bool { nextFrame(model, after: .zero) != nil }
