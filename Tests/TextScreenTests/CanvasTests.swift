import Testing
import TextScreen

@Suite("Canvas")
struct CanvasTests {
    private func rows(_ columns: Int, _ rows: Int, _ draw: (inout Canvas) -> Void) -> [String] {
        let screen = ScreenBuffer(size: Size(columns: columns, rows: rows), draw)
        return (0..<rows).map { screen.text(row: $0) }
    }

    @Test(arguments: [(0, 0), (1, 1), (0, 3), (3, 0), (2, 1), (200, 60)])
    func `whatever falls outside is cut off`(columns: Int, height: Int) {
        let screen = ScreenBuffer(size: Size(columns: columns, rows: height)) { canvas in
            for place in [-5, -1, 0, 1, 500] {
                canvas.write("text 日本", column: place, row: place)
                canvas.write("text 日本", column: place, row: place, width: 3, align: .trailing, truncation: .middle)
                canvas.put("日", column: place, row: place)
                canvas.fill(Region(column: place, row: place, columns: 900, rows: 900), with: "日")
                canvas.horizontalRule(row: place, column: place)
                canvas.verticalRule(column: place, row: place)
                canvas.restyle(Region(column: place, row: place, columns: 9, rows: 9)) { $0.attributes = .bold }
                canvas.within(Region(column: place, row: place, columns: 2, rows: 2)) { inner in
                    inner.write("日本", row: 0)
                    inner.within(Region(column: -1, row: -1, columns: 9, rows: 9)) { $0.fill(with: "x") }
                }
            }
        }
        #expect(screen.size == Size(columns: columns, rows: height))
    }

    @Test func `a part of a canvas has its own coordinates and can't be left`() {
        let drawn = rows(6, 3) { canvas in
            canvas.fill(with: ".")
            canvas.within(Region(column: 2, row: 1, columns: 3, rows: 1)) { inner in
                #expect(inner.size == Size(columns: 3, rows: 1))
                inner.write("abcdef", column: -1, row: 0, truncation: .clip)
                inner.write("no", row: 1)
            }
            canvas.put("!", column: 5, row: 2)
        }
        #expect(drawn == ["......", "..bcd.", ".....!"])
    }

    @Test func `text stands where it is aligned`() {
        #expect(rows(7, 1) { $0.write("ab", row: 0, width: 6, align: .trailing) } == ["    ab"])
        #expect(rows(7, 1) { $0.write("ab", row: 0, width: 6, align: .center) } == ["  ab"])
        #expect(rows(5, 1) { $0.write("abcdefgh", row: 0, align: .trailing) } == ["abcd…"])
    }

    @Test func `pieces follow one another`() {
        let drawn = rows(9, 1) { canvas in
            let next = canvas.write([("日", .plain), ("-ab", Style(.red))], column: 1, row: 0)
            #expect(next == 6)
        }
        #expect(drawn == [" 日-ab"])
    }

    @Test func `half a wide character at the edge is a blank`() {
        #expect(rows(3, 1) { $0.write("日本", row: 0, truncation: .clip) } == ["日"])
        #expect(rows(3, 1) { $0.write("日本", column: -1, row: 0, truncation: .clip) } == [" 本"])
    }

    @Test func `restyling passes over every glyph once`() {
        let screen = ScreenBuffer(size: Size(columns: 3, rows: 1)) { canvas in
            canvas.write("日a", row: 0)
            canvas.restyle { $0.attributes.formSymmetricDifference(.reverse) }
        }
        #expect(screen[row: 0].allSatisfy { $0.style == Style(.default, on: .default, .reverse) })
    }
}

@Suite("Layout")
struct LayoutTests {
    private func lengths(_ extents: [Extent], in total: Int, gap: Int = 0) -> [Int] {
        Layout.spans(extents, in: total, gap: gap).map(\.length)
    }

    @Test func `flexible parts share what the fixed ones leave`() {
        #expect(lengths([.fixed(3), .rest, .fixed(2)], in: 20) == [3, 15, 2])
        #expect(lengths([.flexible(weight: 1), .flexible(weight: 2)], in: 10) == [3, 7])
        #expect(lengths([.rest, .rest, .rest], in: 10, gap: 1) == [2, 3, 3])
    }

    @Test func `when room is short the fixed parts come first and none is missing`() {
        #expect(lengths([.fixed(3), .flexible(minimum: 4), .fixed(2)], in: 6) == [3, 1, 2])
        #expect(lengths([.fixed(3), .fixed(3), .rest], in: 4) == [3, 1, 0])
        #expect(lengths([.fixed(3), .rest], in: 0, gap: 2) == [0, 0])
    }

    @Test(arguments: 0...30)
    func `parts never overlap nor reach outside`(total: Int) {
        let region = Region(column: 5, row: 7, columns: total, rows: 3)
        let extents: [Extent] = [
            .fixed(4), .flexible(weight: 3, minimum: 2), .fixed(0), .flexible(minimum: 5), .fixed(1),
        ]
        let parts = region.splitColumns(extents, gap: 1)
        #expect(parts.count == 5)
        for (left, right) in zip(parts, parts.dropFirst()) { #expect(left.endColumn <= right.column) }
        for part in parts { #expect(part.column >= 5 && part.endColumn <= 5 + total && part.rows == 3) }
    }
}
