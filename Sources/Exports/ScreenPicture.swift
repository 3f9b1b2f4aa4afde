public import TextScreen

// A screen as an SVG that looks the same wherever it is opened: no script, no outside font. Text sits on a grid by its
// `textLength`, whatever font is found; lines, blocks and shades are drawn as shapes, since fonts disagree on them most.
// Light and dark follow the reader's scheme, also in an <img>.

/// A screen as a standalone SVG.
public enum ScreenPicture {
    // 8 x 17 with a font of 13.3 pixels: the shape of DejaVu Sans Mono, Menlo and Consolas, in whole pixels.
    static let cellWidth = 8
    static let cellHeight = 17
    private static let baseline = 13
    private static let margin = 12

    /// The picture, as UTF-8 text of XML.
    ///
    /// - Parameter title: Read out by screen readers and shown as a tooltip; also says what is seen in a list of files.
    public static func svg(_ screen: ScreenBuffer, title: String) -> String {
        let width = screen.size.columns * cellWidth + 2 * margin
        let height = screen.size.rows * cellHeight + 2 * margin
        var svg = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)" \
            role="img"><title>\(escaped(title))</title>
            <style>\(PicturePalette.css)</style>
            <rect class="bd" width="\(width)" height="\(height)" rx="6"/>
            <g transform="translate(\(margin) \(margin))" font-size="13.3">

            """
        for row in 0..<screen.size.rows {
            for run in runs(in: screen[row: row]) { draw(run, row: row, into: &svg) }
        }
        return svg + "</g>\n</svg>\n"
    }

    /// Cells side by side that are drawn in one go.
    private struct Run {
        var column: Int
        var columns = 0
        var text = ""
        var style: Style
        /// Nil for text.
        var shape: CellShape?
    }

    private static func runs(in row: ArraySlice<Cell>) -> [Run] {
        var runs: [Run] = []
        for (column, cell) in row.enumerated() where !cell.glyph.isContinuation {
            let shape = CellShape(cell.glyph)
            if let last = runs.last, last.style == cell.style, last.shape == shape {
                runs[runs.count - 1].columns += cell.glyph.width
                runs[runs.count - 1].text += cell.glyph.text
            } else {
                runs.append(
                    Run(
                        column: column, columns: cell.glyph.width, text: cell.glyph.text, style: cell.style,
                        shape: shape))
            }
        }
        return runs
    }

    private static func draw(_ run: Run, row: Int, into svg: inout String) {
        let x = run.column * cellWidth
        let y = row * cellHeight
        let width = run.columns * cellWidth
        let isReversed = run.style.attributes.contains(.reverse)
        let ink = isReversed ? run.style.background : run.style.foreground
        let paper = isReversed ? run.style.foreground : run.style.background
        if isReversed || paper != .default {
            let fill = PicturePalette.fill(paper, isPaper: !isReversed)
            svg += "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(cellHeight)\" \(fill)/>\n"
        }
        guard run.text.contains(where: { $0 != " " }) else { return }
        var looks = PicturePalette.fill(ink, isPaper: isReversed)
        if run.style.attributes.contains(.dim) { looks += " opacity=\".6\"" }
        if let shape = run.shape {
            for cell in 0..<(shape.tiles ? 1 : run.columns) {
                let box = CellShape.Box(
                    x: x + cell * cellWidth, y: y, width: shape.tiles ? width : cellWidth, height: cellHeight)
                svg += shape.svg(in: box, looks)
            }
            return
        }
        if run.style.attributes.contains(.bold) { looks += " font-weight=\"700\"" }
        if run.style.attributes.contains(.italic) { looks += " font-style=\"italic\"" }
        if run.style.attributes.contains(.underline) { looks += " text-decoration=\"underline\"" }
        // A word at a time: readers fold blanks, and some ignore textLength, so that only a start of its own keeps a word
        // in its column.
        var column = run.column
        for word in run.text.split(separator: " ", omittingEmptySubsequences: false) {
            let columns = TextWidth.columns(of: String(word))
            if columns > 0 {
                svg +=
                    "<text x=\"\(column * cellWidth)\" y=\"\(y + baseline)\" textLength=\"\(columns * cellWidth)\" "
                    + "lengthAdjust=\"spacingAndGlyphs\" \(looks)>" + escaped(String(word)) + "</text>\n"
            }
            column += columns + 1
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            // Not characters of XML 1.0, even when escaped.
            case "\0"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
