import Testing
import TextScreen

@Suite("Screen buffer")
struct ScreenBufferTests {
    private func screen(_ rows: [SafeText], columns: Int = 8) -> ScreenBuffer {
        ScreenBuffer(size: Size(columns: columns, rows: rows.count)) { canvas in
            for (index, row) in rows.enumerated() { canvas.write(row, row: index) }
        }
    }

    private func changes(_ old: ScreenBuffer, _ new: ScreenBuffer) -> [String] {
        new.runs(changedFrom: old).map { run in
            "\(run.row),\(run.column): \(run.cells.map(\.glyph.text).joined())"
        }
    }

    @Test func `equal screens differ nowhere`() {
        #expect(changes(screen(["ab", "cd"]), screen(["ab", "cd"])) == [])
    }

    @Test func `only what changed is drawn`() {
        #expect(changes(screen(["abcdef", "same"]), screen(["aXcdYZ", "same"])) == ["0,1: X", "0,4: YZ"])
    }

    @Test func `a changed style is a change`() {
        let bold = ScreenBuffer(size: Size(columns: 8, rows: 1)) {
            $0.write("a", row: 0)
            $0.write("b", column: 1, row: 0, style: Style(.red))
        }
        #expect(changes(screen(["ab"]), bold) == ["0,1: b"])
    }

    @Test func `another size is drawn anew`() {
        #expect(changes(screen(["ab"], columns: 2), screen(["ab", "cd"], columns: 2)) == ["0,0: ab", "1,0: cd"])
        #expect(ScreenBuffer(size: .zero).runs(changedFrom: screen(["ab"])).isEmpty)
    }

    @Test func `wide characters are drawn whole`() {
        // Only the right half differs: 日 gives way to 本, both two wide, then to two narrow ones.
        #expect(changes(screen(["a日b"]), screen(["a本b"])) == ["0,1: 本"])
        #expect(changes(screen(["axyb"]), screen(["a本b"])) == ["0,1: 本"])
        #expect(changes(screen(["a本b"]), screen(["axyb"])) == ["0,1: xy"])
    }

    @Test func `overwriting half a wide character blanks the other half`() {
        for (column, expected) in [(0, "x 本"), (1, " x本"), (2, "日x"), (3, "日 x")] {
            let text = ScreenBuffer(size: Size(columns: 4, rows: 1)) {
                $0.write("日本", row: 0)
                $0.put("x", column: column, row: 0)
            }.text(row: 0)
            #expect(text == expected)
        }
        let shifted = ScreenBuffer(size: Size(columns: 4, rows: 1)) {
            $0.write("日本", row: 0)
            $0.put("語", column: 1, row: 0)
        }
        #expect(shifted.text(row: 0) == " 語")
    }
}

@Suite("Glyphs and styles")
struct GlyphTests {
    @Test func `nothing invisible becomes a glyph`() {
        for scalar in SafeTextTests.scalars {
            let glyph = Glyph(scalar)
            #expect(glyph.width == 1 || glyph.width == 2)
            #expect(!glyph.text.unicodeScalars.contains(where: SafeTextTests.isForbidden))
        }
    }

    @Test func `a style gives back what it was made of`() {
        var style = Style(.rgb(1, 2, 3), on: .indexed(200), [.bold, .italic])
        #expect(style.foreground.value == .rgb(red: 1, green: 2, blue: 3))
        #expect(style.background == .indexed(200))
        style.foreground = .default
        style.background = .brightWhite
        style.attributes = .dim
        #expect(style == Style(.default, on: .brightWhite, .dim))
        #expect(Style.plain.adding(.bold).colored(.red) == Style(.red, on: .default, .bold))
    }

    @Test func `a cell is two machine words`() { #expect(MemoryLayout<Cell>.stride == 16) }
}
