import Testing
import TextScreen

@testable import CursesTerminal

@Suite("Key decoder")
struct KeyDecoderTests {
    private func keys(_ text: String) -> [Key] {
        var decoder = KeyDecoder()
        return decoder.decode(text.utf8) + decoder.flush()
    }

    @Test(arguments: [
        ("a", Key.character("a")), ("é", .character("é")), ("🙂", .character("🙂")), (" ", .character(" ")),
        ("\r", .enter), ("\t", .tab), ("\u{7F}", .backspace), ("\u{8}", .control("h")), ("\n", .control("j")),
        ("\u{1}", .control("a")), ("\u{1A}", .control("z")), ("\0", .control(" ")), ("\u{1C}", .control("\\")),
        ("\u{1F}", .control("_")), ("\u{1B}", .escape),
    ])
    func `plain keys`(bytes: String, key: Key) { #expect(keys(bytes) == [key]) }

    @Test(arguments: [
        ("[A", Key.up), ("OB", .down), ("[1;5D", .arrow(.left, .control)), ("[1;2C", .arrow(.right, .shift)),
        ("[1;8A", .arrow(.up, [.shift, .alt, .control])), ("Oa", .arrow(.up, .control)), ("[H", .home), ("OF", .end),
        ("[1~", .home), ("[3~", .delete), ("[5~", .pageUp), ("[6;5~", .pageDown), ("[Z", .backTab),
        ("OP", .function(1)),
        ("[15~", .function(5)), ("[24~", .function(12)), ("[[A", .function(1)), ("[1;5P", .function(1)),
        ("[27;5;105~", .control("i")), ("[105;5u", .control("i")), ("[I", .focus(true)), ("[O", .focus(false)),
        ("x", .alt("x")), ("\u{7F}", .alt("\u{7F}")), ("\r", .alt("\r")), ("é", .alt("é")), ("[", .alt("[")),
        ("O", .alt("O")), ("[99~", .unknown(Array("\u{1B}[99~".utf8))),
    ])
    func `keys after Esc`(rest: String, key: Key) { #expect(keys("\u{1B}" + rest) == [key]) }

    @Test(arguments: [
        ("<0;1;1M", MouseEvent(.press(.left), column: 0, row: 0)),
        ("<2;300;40m", MouseEvent(.release(.right), column: 299, row: 39)),
        ("<32;5;6M", MouseEvent(.drag(.left), column: 4, row: 5)),
        ("<65;5;6M", MouseEvent(.wheelDown, column: 4, row: 5)),
        ("<20;5;6M", MouseEvent(.press(.left), column: 4, row: 5, modifiers: [.shift, .control])),
        ("M !!", MouseEvent(.press(.left), column: 0, row: 0)),
    ])
    func `the mouse`(rest: String, event: MouseEvent) { #expect(keys("\u{1B}[" + rest) == [.mouse(event)]) }

    @Test func `mouse reports nobody asked for are no keys`() {
        #expect(keys("\u{1B}[<35;5;6M\u{1B}[<0;0;0M\u{1B}[<;M\u{1B}[<999999999999999999999;1;1Mx") == [.character("x")])
    }

    static let mixed = "aé\u{1B}[A\u{1B}[<0;10;20M\u{1B}x\u{1B}[200~p\u{1B}[Aé\r\u{1B}[201~\u{1B}OP🙂\u{3}"
    static let mixedKeys: [Key] = [
        .character("a"), .character("é"), .up, .mouse(MouseEvent(.press(.left), column: 9, row: 19)), .alt("x"),
        .paste("p\u{1B}[Aé\r"), .function(1), .character("🙂"), .control("c"),
    ]

    @Test(arguments: 0...mixed.utf8.count)
    func `bytes in any two pieces give the same keys`(split: Int) {
        let bytes = Array(KeyDecoderTests.mixed.utf8)
        var decoder = KeyDecoder()
        #expect(decoder.decode(bytes[..<split]) + decoder.decode(bytes[split...]) == KeyDecoderTests.mixedKeys)
        #expect(!decoder.isWaiting)
    }

    @Test func `byte by byte is no different`() {
        var decoder = KeyDecoder()
        #expect(KeyDecoderTests.mixed.utf8.flatMap { decoder.decode([$0]) } == KeyDecoderTests.mixedKeys)
    }

    @Test func `a lone Esc waits until nothing follows`() {
        var decoder = KeyDecoder()
        #expect(decoder.decode([0x1B]) == [] && decoder.isWaiting)
        #expect(decoder.flush() == [.escape] && !decoder.isWaiting)
    }

    @Test func `Esc twice is Esc twice`() { #expect(keys("\u{1B}\u{1B}") == [.escape, .escape]) }

    @Test func `a paste is cut at its limit and says so`() {
        var decoder = KeyDecoder()
        let text = String(repeating: "x", count: KeyDecoder.pasteLimit + 10)
        let keys = decoder.decode("\u{1B}[200~\(text)\u{1B}[201~y".utf8)
        #expect(keys == [.paste(String(text.dropLast(10))), .character("y")])
        #expect(decoder.takeDroppedPasteBytes() == 10)
        #expect(decoder.takeDroppedPasteBytes() == 0)
    }

    @Test func `a paste that has not ended is not waited for, nor taken for keys`() {
        var decoder = KeyDecoder()
        #expect(decoder.decode("\u{1B}[200~rm -rf\r".utf8) == [])
        #expect(!decoder.isWaiting && decoder.flush() == [])
    }

    @Test func `bytes that are no UTF-8 are kept apart from keys`() {
        var decoder = KeyDecoder()
        #expect(
            decoder.decode([0xFF, 0x61, 0xC3, 0x28]) == [
                .unknown([0xFF]), .character("a"), .unknown([0xC3]), .character("("),
            ])
        #expect(decoder.decode([0xC2, 0x9B]) == [.unknown([0xC2, 0x9B])])
    }

    @Test func `an endless sequence ends`() {
        let keys = keys("\u{1B}[" + String(repeating: "1;", count: 100) + "A")
        #expect(keys.first == .unknown(Array(("\u{1B}[" + String(repeating: "1;", count: 32)).utf8)))
    }

    @Test func `any bytes are consumed`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var decoder = KeyDecoder(sequences: CursesKeys.sequences { $0 == "kbs" ? [8] : nil })
            let alphabet: [UInt8] = [
                0x1B, 0x5B, 0x4F, 0x3C, 0x4D, 0x3B, 0x31, 0x7E, 0x75, 0x80, 0xE2, 0xFF, 0x41, 0x0D,
            ]
            _ = decoder.decode((0..<40).map { _ in alphabet.randomElement(using: &random)! })
            _ = decoder.flush()
            #expect(!decoder.isWaiting)
        }
    }

    @Test func `the terminal's own sequences come first`() {
        let known: [String: [UInt8]] = [
            "kbs": [8], "kf1": Array("\u{1B}[11~".utf8), "khome": Array("\u{1B}[7$".utf8), "kend": [0x65],
        ]
        var decoder = KeyDecoder(sequences: CursesKeys.sequences { known[$0] })
        #expect(decoder.decode("\u{8}\u{1B}[11~\u{1B}[7$e".utf8) == [.backspace, .function(1), .home, .character("e")])
    }
}

@Suite("Colour palette")
struct ColorPaletteTests {
    @Test func `NO_COLOR counts unless colours are asked for`() {
        #expect(ColorPalette(choice: .automatic, terminalColors: 256, noColor: "1").colors == 0)
        #expect(ColorPalette(choice: .automatic, terminalColors: 256, noColor: "").colors == 256)
        #expect(ColorPalette(choice: .always, terminalColors: 256, noColor: "1").colors == 256)
        #expect(ColorPalette(choice: .never, terminalColors: 256, noColor: nil).colors == 0)
        #expect(ColorPalette(choice: .always, terminalColors: -1, noColor: nil).colors == 0)
    }

    private func look(_ style: Style, colors: Int) -> ColorPalette.Look {
        ColorPalette(choice: .always, terminalColors: colors, noColor: nil).look(of: style)
    }

    @Test func `the default colours stay the terminal's own`() {
        #expect(look(.plain, colors: 256) == .init(foreground: -1, background: -1, attributes: []))
    }

    @Test func `bright colours are bold where there are eight`() {
        #expect(look(Style(.brightRed), colors: 8) == .init(foreground: 1, background: -1, attributes: .bold))
        #expect(look(Style(.brightRed), colors: 16) == .init(foreground: 9, background: -1, attributes: []))
    }

    @Test func `without colours a patch is reversed`() {
        #expect(look(Style(.red, on: .blue), colors: 0) == .init(foreground: -1, background: -1, attributes: .reverse))
    }

    @Test func `other colours become the nearest`() {
        #expect(look(Style(.rgb(255, 0, 0)), colors: 256).foreground == 196)
        #expect(look(Style(.rgb(128, 128, 128)), colors: 256).foreground == 244)
        #expect(look(Style(.rgb(250, 10, 0)), colors: 8).foreground == 1)
        #expect(look(Style(.indexed(46)), colors: 16).foreground == 2)
    }
}

@Suite("Clipboard")
struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ])
    func `base64 is RFC 4648's`(text: String, encoded: String) { #expect(Base64.encode(text.utf8) == encoded) }
}
