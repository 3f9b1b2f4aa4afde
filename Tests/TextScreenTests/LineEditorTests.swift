import Testing
import TextScreen

@Suite("Line editor")
struct LineEditorTests {
    /// The line after some keys, `|` where the cursor is.
    private func line(_ text: String, _ keys: Key..., history: [String] = []) -> String {
        var editor = LineEditor(text, history: history)
        for key in keys {
            let isMeant = editor.handle(key)
            #expect(isMeant)
        }
        var shown = Array(editor.text)
        shown.insert("|", at: editor.cursor)
        return String(shown)
    }

    @Test func `typed characters go in at the cursor`() {
        #expect(line("ac", .left, .character("b")) == "ab|c")
        #expect(line("", .character("é"), .character("日")) == "é日|")
    }

    @Test func `Emacs keys move`() {
        #expect(line("abc", .control("a")) == "|abc")
        #expect(line("abc", .home, .control("f")) == "a|bc")
        #expect(line("abc", .control("b"), .control("e")) == "abc|")
        #expect(line("http://a.b/cd", .arrow(.left, .control)) == "http://a.b/|cd")
        #expect(line("http://a.b", .home, .arrow(.right, .control)) == "http|://a.b")
        #expect(line("a", .right, .right) == "a|")
    }

    @Test func `Emacs keys delete`() {
        #expect(line("abc", .backspace) == "ab|")
        #expect(line("abc", .home, .backspace) == "|abc")
        #expect(line("abc", .home, .control("d")) == "|bc")
        #expect(line("abc", .delete) == "abc|")
        #expect(line("GET http://a/b", .control("w")) == "GET |")
        #expect(line("http://a/b", .alt("\u{7F}")) == "http://a/|")
        #expect(line("abc", .left, .control("k")) == "ab|")
        #expect(line("abc", .left, .control("u")) == "|c")
        #expect(line("ab cd", .home, .alt("d")) == "| cd")
    }

    @Test func `what was killed can be put back`() {
        #expect(line("ab cd", .control("w"), .home, .control("y")) == "cd|ab ")
    }

    @Test func `transposing swaps the two characters before the end`() { #expect(line("abc", .control("t")) == "acb|") }

    @Test func `a paste becomes one line without control characters`() {
        #expect(line("", .paste("a\r\nb\u{1B}\tc")) == "a b c|")
    }

    @Test func `history is walked and the line being written comes back`() {
        #expect(line("new", .up, history: ["one", "two"]) == "two|")
        #expect(line("new", .up, .up, .up, history: ["one", "two"]) == "one|")
        #expect(line("new", .up, .up, .down, .down, history: ["one", "two"]) == "new|")
        #expect(line("new", .up) == "new|")
    }

    @Test func `submitting empties the field and remembers the line once`() {
        var editor = LineEditor("one", history: ["one"])
        #expect(editor.submit() == "one")
        #expect(editor.isEmpty && editor.cursor == 0)
        editor.insert("two")
        #expect(editor.submit() == "two")
        #expect(editor.history == ["one", "two"])
    }

    @Test(arguments: [Key.enter, .escape, .tab, .backTab, .function(1), .control("c"), .pageUp])
    func `keys without a meaning here are left to the owner`(key: Key) {
        var editor = LineEditor("abc")
        let isMeant = editor.handle(key)
        #expect(!isMeant)
        #expect(editor == LineEditor("abc"))
    }

    @Test func `a line stops growing at its limit`() {
        var editor = LineEditor(String(repeating: "x", count: LineEditor.lengthLimit))
        editor.insert("y")
        #expect(editor.text.count == LineEditor.lengthLimit)
    }

    @Test(arguments: 0...12)
    func `the cursor is always in what is shown`(width: Int) {
        var editor = LineEditor("ab日本\u{1B}[c\u{301}ñ")
        for key in [Key.end, .left, .left, .left, .left, .left, .home] {
            _ = editor.handle(key)
            let (text, column) = editor.visible(width: width)
            #expect(text.width <= width)
            #expect(column < max(1, width))
        }
    }

    @Test func `a long line scrolls with the cursor`() {
        var editor = LineEditor("abcdef")
        #expect(editor.visible(width: 4).text == "def")
        #expect(editor.visible(width: 4).cursorColumn == 3)
        _ = editor.handle(.home)
        #expect(editor.visible(width: 4).text == "abcd")
    }
}
