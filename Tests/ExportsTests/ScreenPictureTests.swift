import Exports
import Foundation
import TestSupport
import Testing
import TextScreen

@Suite("Screen picture")
struct ScreenPictureTests {
    /// What stands between the frame of the picture: one element a line.
    private func elements(_ draw: (inout Canvas) -> Void) -> [String] {
        let svg = ScreenPicture.svg(ScreenBuffer(size: Size(columns: 12, rows: 2), draw), title: "t")
        return svg.split(separator: "\n").map(String.init).filter { $0.hasPrefix("<rect x") || $0.hasPrefix("<text") }
    }

    @Test func `text sits on the grid, one element a word`() {
        let elements = elements {
            $0.write("GET", row: 0, style: Style(.green, .bold))
            $0.write("<&>", column: 4, row: 1)
        }
        #expect(
            elements == [
                "<text x=\"0\" y=\"13\" textLength=\"24\" lengthAdjust=\"spacingAndGlyphs\" class=\"c2\" font-weight=\"700\">GET</text>",
                "<text x=\"32\" y=\"30\" textLength=\"24\" lengthAdjust=\"spacingAndGlyphs\" class=\"fd\">&lt;&amp;&gt;</text>",
            ])
    }

    @Test func `bars and rules are shapes that touch`() {
        let elements = elements { $0.write("██░═─│▏", row: 0) }
        #expect(
            elements == [
                "<rect x=\"0\" y=\"0\" width=\"16\" height=\"17\" class=\"fd\"/>",
                "<rect x=\"16\" y=\"0\" width=\"8\" height=\"17\" class=\"fd\" fill-opacity=\".25\"/>",
                "<rect x=\"24\" y=\"6\" width=\"8\" height=\"1\" class=\"fd\"/>",
                "<rect x=\"24\" y=\"9\" width=\"8\" height=\"1\" class=\"fd\"/>",
                "<rect x=\"32\" y=\"8\" width=\"5\" height=\"1\" class=\"fd\"/>",
                "<rect x=\"36\" y=\"8\" width=\"4\" height=\"1\" class=\"fd\"/>",
                "<rect x=\"44\" y=\"0\" width=\"1\" height=\"9\" class=\"fd\"/>",
                "<rect x=\"44\" y=\"8\" width=\"1\" height=\"9\" class=\"fd\"/>",
                "<rect x=\"48\" y=\"0\" width=\"1\" height=\"17\" class=\"fd\"/>",
            ])
    }

    @Test func `reverse video swaps ink and paper, with the terminal's own colours too`() {
        let elements = elements {
            $0.write("ab", row: 0, style: Style(.default, on: .default, .reverse))
            $0.write("c", row: 1, style: Style(.rgb(1, 2, 255), on: .indexed(196)))
        }
        #expect(elements[0] == "<rect x=\"0\" y=\"0\" width=\"16\" height=\"17\" class=\"fd\"/>")
        #expect(elements[1].contains("class=\"bd\">ab<"))
        #expect(elements[2] == "<rect x=\"0\" y=\"17\" width=\"8\" height=\"17\" fill=\"#ff0000\"/>")
        #expect(elements[3].contains("fill=\"#0102ff\">c<"))
    }

    @Test func `wide glyphs take two columns`() {
        let plain = elements { $0.write("日本", row: 0) }
        #expect(plain[0].contains("textLength=\"32\""))
        let red = elements { $0.write("日本", row: 0, style: Style(.red)) }
        #expect(red[0].contains("textLength=\"32\""))
    }

    @Test func `every picture is well-formed XML, of any size`() throws {
        for size in [Size.zero, Size(columns: 1, rows: 1), Size(columns: 200, rows: 60)] {
            let screen = ScreenBuffer(size: size) { canvas in
                for row in 0..<canvas.rows {
                    for column in 0..<canvas.columns {
                        let scalar = Unicode.Scalar(UInt32(0x2500 + (row * 7 + column) % 160)) ?? "x"
                        canvas.put(Glyph(scalar), column: column, row: row)
                    }
                }
            }
            let svg = ScreenPicture.svg(screen, title: "a <b> \u{1}&\"c\"")
            let reader = "import sys, xml.dom.minidom as m; m.parse(sys.stdin.buffer)"
            #expect(try ProgramRun.outcome(of: ["python3", "-c", reader], input: svg).ending == .exited(0))
            #expect(svg.contains("prefers-color-scheme:dark"))
            #expect(!svg.contains("<script") && !svg.contains("href"))
        }
    }
}
