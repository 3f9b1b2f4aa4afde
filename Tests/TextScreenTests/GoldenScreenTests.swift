import TestSupport
import Testing
import TextScreen

@Suite("Golden screens")
struct GoldenScreenTests {
    private let screen = ScreenBuffer(size: Size(columns: 12, rows: 2)) { canvas in
        canvas.write("GET 日本", row: 0, style: Style(.cyan, on: .default, .bold))
        canvas.write("ok", column: 2, row: 1)
    }

    @Test func `a screen reads as its rows, a legend and a letter a cell`() {
        let expected = """
            GET 日本
              ok
            -- styles: . plain · a bold cyan
            aaaaaaaa....
            ............

            """
        #expect(GoldenScreen.text(of: screen) == expected)
    }

    @Test func `a difference shows the rows that differ, both ways`() {
        let text = GoldenScreen.text(of: screen)
        #expect(GoldenScreen.difference(expected: text, actual: text) == nil)
        let changed = GoldenScreen.difference(expected: "GET x\n", actual: text)
        #expect(changed?.hasPrefix("line 1 expected: GET x\nline 1   actual: GET 日本\n") == true)
    }

    @Test func `a screen that was never recorded fails`() {
        withKnownIssue { expectScreen(screen, matches: "never recorded", in: "TextScreenTests/Screens") }
    }
}
