import HTTPTrace
import Sessions
import Testing
import TextScreen

@testable import Inspector

@Suite("Any key at any size")
struct PropertyTests {
    /// A generator whose run can be repeated from its seed (SplitMix64).
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let keys: [Key] =
        "njkgGrReXdustyhlcbxfFoOM+-0123456?qQ :>.aZ//NNvV".map(Key.character) + [
            .up, .down, .left, .right, .enter, .enter, .escape, .tab, .backTab, .backspace, .delete, .home, .end,
            .pageUp,
            .pageDown, .control("c"), .control("d"), .control("u"), .control("l"), .control("f"), .function(1),
            .paste("a.example\nb.example"), .paste("x"), .unknown([27, 91]), .focus(true),
        ]

    @Test(arguments: 1...30)
    func `no key and no size breaks the screen`(seed: Int) {
        var random = Seeded(state: UInt64(seed))
        let theme = Theme(
            marks: [.unicode, .ascii, .letters].randomElement(using: &random)!, hasColors: Bool.random(using: &random))
        var model = ScreenTests.model(
            columns: 80, rows: 24, theme: theme, selecting: nil,
            session: [nil, .busyMorning(), .oneByOne()].randomElement(using: &random)!)
        for _ in 0..<80 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                let size = Size(
                    columns: .random(in: 0...210, using: &random), rows: .random(in: 0...60, using: &random))
                _ = update(&model, .resized(size), at: ScriptedSession.now)
            case 1, 2:
                let event = MouseEvent(
                    [.press(.left), .wheelUp, .wheelDown].randomElement(using: &random)!,
                    column: .random(in: 0...210, using: &random), row: .random(in: 0...60, using: &random))
                _ = update(&model, .key(.mouse(event)), at: ScriptedSession.now)
            default: _ = update(&model, .key(Self.keys.randomElement(using: &random)!), at: ScriptedSession.now)
            }
            let now = ScriptedSession.now + .milliseconds(Int.random(in: -700...5_000, using: &random))
            let frame = render(model, at: now)
            #expect(frame.screen.size == model.size)
            if let cursor = frame.cursor {
                #expect(frame.screen.bounds.contains(column: cursor.column, row: cursor.row))
            }
            if let selected = model.selected { #expect(model.rows.index(of: selected) == model.selectedRow) }
        }
    }

    @Test func `every size from nothing to 50 by 50 has a screen`() {
        for focus in Pane.allCases {
            for tab in DetailTab.allCases {
                var model = ScreenTests.model(columns: 1, rows: 1)
                model.focus = focus
                model.tab = tab
                for columns in 0...50 {
                    for rows in stride(from: (columns + tab.rawValue) % 7, through: 50, by: 7) {
                        _ = update(&model, .resized(Size(columns: columns, rows: rows)), at: ScriptedSession.now)
                        #expect(
                            render(model, at: ScriptedSession.now).screen.size == Size(columns: columns, rows: rows))
                    }
                }
            }
        }
    }
}
