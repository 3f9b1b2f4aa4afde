import HTTPTrace
import TextScreen

/// The figures over a time axis: `0         200       400       600 ms`.
struct AxisTicks: Equatable, Sendable {
    struct Tick: Equatable, Sendable {
        var column: Int
        var label: String
    }

    private(set) var ticks: [Tick] = []

    /// No figures at all.
    init() {}

    /// - Parameter zero: What the figures count from, usually the beginning of the axis.
    init(_ axis: TimeAxis, from zero: Timestamp, figures: Figures) {
        if axis.hasCuts {
            markStretches(of: axis, from: zero, figures: figures)
        } else {
            markSteps(of: axis, from: zero, figures: figures)
        }
    }

    /// Round steps, as many as leave room between their labels. The last one carries the unit.
    private mutating func markSteps(of axis: TimeAxis, from zero: Timestamp, figures: Figures) {
        let length = Double(axis.length.nanoseconds)
        let (unit, name) =
            length >= 2e9 ? (1e9, "s") : length >= 2e6 ? (1e6, "ms") : (1e3, figures.micro)
        let offset = Double((axis.start - zero).nanoseconds)
        let longest = Figures.fixed((offset + length) / unit, decimals: 0).count
        let step = Self.step(
            atLeast: axis.nanosecondsPerColumn * Double(max(axis.columns < 30 ? 6 : 8, longest + 3)), unit: unit)
        let decimals = step < unit ? (step < unit / 10 ? 2 : 1) : 0
        // From a whole step on, so that a zoomed axis keeps its round figures.
        var number = (offset / step).rounded(.up)
        while number * step <= offset + length {
            let column = Int(((number * step - offset) / axis.nanosecondsPerColumn).rounded(.down))
            let label = number == 0 ? "0" : Figures.fixed(number * step / unit, decimals: decimals)
            guard column + label.count <= axis.columns else { break }
            ticks.append(Tick(column: column, label: label))
            number += 1
        }
        guard ticks.count > 1 else { return markEnds(of: axis, length: length, offset: offset, figures: figures) }
        let last = ticks[ticks.count - 1]
        if last.column + last.label.count + 1 + name.count <= axis.columns {
            ticks[ticks.count - 1].label += " \(name)"
        } else if ticks.count > 2 {
            ticks.removeLast()
            ticks[ticks.count - 1].label += " \(name)"
        }
    }

    /// An axis too short for steps says where it begins and ends.
    private mutating func markEnds(of axis: TimeAxis, length: Double, offset: Double, figures: Figures) {
        let end = figures.time(.nanoseconds(Int64(offset + length)))
        ticks = offset == 0 ? [Tick(column: 0, label: "0")] : []
        guard end.count + 2 <= axis.columns else { return }
        ticks.append(Tick(column: axis.columns - end.count, label: end))
    }

    /// Over cut time, each stretch says when it began, as far as there is room.
    private mutating func markStretches(of axis: TimeAxis, from zero: Timestamp, figures: Figures) {
        let perColumn = figures.time(.nanoseconds(Int64(axis.nanosecondsPerColumn)))
        let scale = "\(perColumn)/cell"
        let showsScale = axis.columns > scale.count + 16
        let room = showsScale ? axis.columns - scale.count - 1 : axis.columns
        var free = 0
        for segment in axis.segments {
            let column = Int(segment.column)
            let since = segment.start - zero
            let label = since <= .zero ? "0" : "+\(Self.short(since, figures))"
            guard column >= free, column + label.count <= room else { continue }
            ticks.append(Tick(column: column, label: label))
            free = column + label.count + 1
        }
        if showsScale { ticks.append(Tick(column: axis.columns - scale.count, label: scale)) }
    }

    private static func short(_ duration: Duration, _ figures: Figures) -> String {
        let seconds = Double(duration.nanoseconds) / 1e9
        guard seconds >= 1, seconds < 100 else { return figures.time(duration) }
        return "\(Figures.fixed(seconds, decimals: seconds < 10 ? 1 : 0)) s"
    }

    /// The smallest of 1, 2, 5 times a power of ten that is at least so long.
    private static func step(atLeast nanoseconds: Double, unit: Double) -> Double {
        var power = unit / 100
        while true {
            for factor in [1.0, 2, 5] where factor * power >= nanoseconds { return factor * power }
            power *= 10
            guard power < 1e20 else { return power }
        }
    }
}

extension Canvas {
    /// Draws the figures over an axis that begins at `column`.
    mutating func write(_ ticks: AxisTicks, column: Int, row: Int, style: Style) {
        for tick in ticks.ticks { write("\(tick.label)", column: column + tick.column, row: row, style: style) }
    }
}
