internal import TextScreen

// Lines, blocks and shades, drawn to the cell's edges so that neighbours meet without a gap.

/// A glyph that is drawn as a shape instead of a letter.
enum CellShape: Equatable {
    /// Parts of the cell in eighths, counted from the left and the top.
    case block(left: Int, top: Int, right: Int, bottom: Int)
    /// Ink on a share of the cell.
    case shade(percent: Int)
    /// Arms from the middle to the edges: nothing, light (1), heavy (2).
    case lines(up: Int, right: Int, down: Int, left: Int)
    case doubleLine(isVertical: Bool)
    /// A broken line.
    case dashes(isHeavy: Bool)

    struct Box {
        var x: Int
        var y: Int
        var width: Int
        var height: Int
    }

    /// Nil for glyphs that are drawn as text.
    init?(_ glyph: Glyph) {
        let (base, mark, _) = glyph.codePoints
        guard mark == 0, (0x2500...0x259F).contains(base) else { return nil }
        switch base {
        case 0x2588: self = .block(left: 0, top: 0, right: 8, bottom: 8)
        case 0x2580: self = .block(left: 0, top: 0, right: 8, bottom: 4)
        case 0x2590: self = .block(left: 4, top: 0, right: 8, bottom: 8)
        case 0x2581...0x2587: self = .block(left: 0, top: 8 - Int(base - 0x2580), right: 8, bottom: 8)
        case 0x2589...0x258F: self = .block(left: 0, top: 0, right: 8 - Int(base - 0x2588), bottom: 8)
        case 0x2594: self = .block(left: 0, top: 0, right: 8, bottom: 1)
        case 0x2595: self = .block(left: 7, top: 0, right: 8, bottom: 8)
        case 0x2591...0x2593: self = .shade(percent: 25 * Int(base - 0x2590))
        case 0x2550: self = .doubleLine(isVertical: false)
        case 0x2551: self = .doubleLine(isVertical: true)
        case 0x2504, 0x2508, 0x254C: self = .dashes(isHeavy: false)
        case 0x2505, 0x2509, 0x254D: self = .dashes(isHeavy: true)
        default:
            guard let arms = CellShape.arms[base] else { return nil }
            self = .lines(up: arms / 1_000, right: arms / 100 % 10, down: arms / 10 % 10, left: arms % 10)
        }
    }

    /// Whether a run of these is one stretched shape.
    var tiles: Bool {
        switch self {
        case .block(left: 0, _, right: 8, _), .shade, .doubleLine(isVertical: false), .lines(0, 1, 0, 1),
            .lines(0, 2, 0, 2):
            true
        case .block, .lines, .doubleLine, .dashes: false
        }
    }

    // Up, right, down, left as digits.
    private static let arms: [UInt32: Int] = [
        0x2500: 0101, 0x2501: 0202, 0x2502: 1010, 0x2503: 2020, 0x250C: 0110, 0x250F: 0220, 0x2510: 0011,
        0x2513: 0022, 0x2514: 1100, 0x2517: 2200, 0x2518: 1001, 0x251B: 2002, 0x251C: 1110, 0x2523: 2220,
        0x2520: 2120, 0x251D: 1210, 0x2524: 1011, 0x252B: 2022, 0x2528: 2021, 0x2525: 1012, 0x252C: 0111,
        0x2533: 0222, 0x252F: 0212, 0x2530: 0121, 0x2534: 1101, 0x253B: 2202, 0x2537: 1202, 0x2538: 2101,
        0x253C: 1111, 0x254B: 2222, 0x253F: 1212, 0x2542: 2121, 0x2574: 0001, 0x2575: 1000, 0x2576: 0100,
        0x2577: 0010, 0x2578: 0002, 0x2579: 2000, 0x257A: 0200, 0x257B: 0020,
        // Rounded corners, drawn square.
        0x256D: 0110, 0x256E: 0011, 0x256F: 1001, 0x2570: 1100,
    ]

    /// The shape as SVG elements.
    func svg(in box: Box, _ looks: String) -> String {
        func rectangle(_ x: Int, _ y: Int, _ width: Int, _ height: Int, _ more: String = "") -> String {
            "<rect x=\"\(box.x + x)\" y=\"\(box.y + y)\" width=\"\(width)\" height=\"\(height)\" \(looks)\(more)/>\n"
        }
        let middleX = box.width / 2
        let middleY = box.height / 2
        switch self {
        case .block(let left, let top, let right, let bottom):
            let (x, y) = (box.width * left / 8, box.height * top / 8)
            return rectangle(x, y, box.width * right / 8 - x, box.height * bottom / 8 - y)
        case .shade(let percent): return rectangle(0, 0, box.width, box.height, " fill-opacity=\".\(percent)\"")
        case .doubleLine(true):
            return rectangle(middleX - 2, 0, 1, box.height) + rectangle(middleX + 1, 0, 1, box.height)
        case .doubleLine(false):
            return rectangle(0, middleY - 2, box.width, 1) + rectangle(0, middleY + 1, box.width, 1)
        case .dashes(let isHeavy):
            let height = isHeavy ? 2 : 1
            return [0, 3, 6].map { rectangle($0, middleY, 2, height) }.joined()
        case .lines(let up, let right, let down, let left):
            var svg = ""
            if up > 0 { svg += rectangle(middleX, 0, up, middleY + 1) }
            if down > 0 { svg += rectangle(middleX, middleY, down, box.height - middleY) }
            if left > 0 { svg += rectangle(0, middleY, middleX + 1, left) }
            if right > 0 { svg += rectangle(middleX, middleY, box.width - middleX, right) }
            return svg
        }
    }
}
