internal import CNcurses
internal import Glibc
public import TextScreen

// Shows grids on the terminal and reads keys. The only file that calls ncurses; beyond it there are only Swift values.
//
//             init              leave (Ctrl-Z, other program)
//   (cooked) ──────▶ on screen ───────────────────────────────▶ away ──┐
//                      │   ▲                enter                      │
//                      │   └───────────────────────────────────────────┘
//                      └── close ──▶ closed
//
// ncurses does the output: it knows the terminal and sends only what differs. Input is read in raw bytes by
// `TerminalInput` and decoded by `KeyDecoder`; wgetch(3x) is never called, so ncurses' KEY_RESIZE never comes: SIGWINCH arrives on
// `TerminalRescue`'s pipe like the other signals, and wakes the caller's poll whichever thread the kernel chose.

/// A terminal, taken over until `close`.
@MainActor
public final class CursesTerminal {
    /// What the command line and the configuration can say about the terminal.
    public struct Options: Hashable, Sendable {
        public var color: ColorChoice
        /// Whether clicks and the wheel come here, rather than to the terminal's own selection.
        public var mouse: Bool
        /// Reads keys from /dev/tty when standard input is none, as less(1) does: a list of URLs may come in by a pipe.
        public var keysFromControllingTerminal: Bool

        public init(color: ColorChoice = .automatic, mouse: Bool = true, keysFromControllingTerminal: Bool = false) {
            self.color = color
            self.mouse = mouse
            self.keysFromControllingTerminal = keysFromControllingTerminal
        }
    }

    /// The size of the window, as of the last `readEvents`.
    public private(set) var size: Size
    /// Whether box drawing and other characters outside ASCII come out as one column each. Else draw in ASCII; what is
    /// not is shown as `?`.
    public let supportsUnicode: Bool
    /// How many colours styles are translated to; 0 for none.
    public var colors: Int { palette.colors }
    /// Whether clicks and the wheel come here. Can be changed at any time.
    public var isMouseOn: Bool {
        didSet { if isMouseOn != oldValue, state == .onScreen { send(isMouseOn ? Modes.mouseOn : Modes.mouseOff) } }
    }

    enum State { case onScreen, away, closed }

    private(set) var state = State.away
    // `stdscr`, which is there anyway: a window of our own is 120 kB more at 120x36.
    private let window: UnsafeMutablePointer<WINDOW>
    private let screen: OpaquePointer
    private let output: Int32 = STDOUT_FILENO
    private var input: TerminalInput
    private let notices: Int32

    private let palette: ColorPalette
    private var pairs: [ColorPair: Int32] = [:]
    private let pairLimit: Int32
    private var attributes: [Style: CellLook] = [:]

    private var shown: ScreenBuffer
    private var shownCursor: (column: Int, row: Int)?
    private var cursor: (column: Int, row: Int)?
    private var mustRedraw = false
    private let understandsANSI: Bool

    /// Takes the terminal over: alternate screen, no echo, every key at once.
    ///
    /// - Throws: Before anything was changed or written, when there is no terminal to use.
    public init(_ options: Options = Options()) throws(TerminalError) {
        CursesTerminal.adoptLocale()
        guard isatty(STDOUT_FILENO) == 1 else { throw .outputIsNoTerminal }
        let (descriptor, isOwn) = try CursesTerminal.openInput(options)
        let type = try CursesTerminal.checkType()

        let farewell = TerminalRescue.farewell(capability: CursesTerminal.capability)
        guard let notices = TerminalRescue.prepare(terminal: STDOUT_FILENO, farewell: farewell) else {
            throw .failed(call: "tcgetattr")
        }
        self.notices = notices
        TerminalRescue.arm()
        // newterm and not initscr, which exits by itself when it fails (curs_initscr(3x)).
        guard let outputFile = fdopen(STDOUT_FILENO, "w"), let inputFile = fdopen(descriptor, "r"),
            let screen = newterm(type, outputFile, inputFile), let window = standard_window()
        else {
            TerminalRescue.disarm()
            TerminalRescue.dismiss()
            throw .failed(call: "newterm")
        }
        self.screen = screen
        self.window = window
        _ = raw()
        _ = noecho()
        _ = nonl()
        _ = keypad(window, true)
        // Else ncurses stops drawing half-way when a key was typed.
        _ = typeahead(-1)
        palette = ColorPalette(
            choice: options.color, terminalColors: Int(tigetnum("colors")),
            noColor: getenv("NO_COLOR").map { String(cString: $0) })
        if palette.colors > 0 {
            _ = start_color()
            _ = use_default_colors()
        }
        // Pair 0 is the default; numbers past a short's are for init_extended_pair, which some builds lack.
        pairLimit = min(tigetnum("pairs"), 32_767)
        understandsANSI = CursesTerminal.capability("cup")?.starts(with: [0x1B, UInt8(ascii: "[")]) ?? false
        supportsUnicode = CursesTerminal.showsUnicode()
        input = TerminalInput(
            descriptor: descriptor, isOwn: isOwn,
            sequences: CursesKeys.sequences(capability: CursesTerminal.capability))
        isMouseOn = options.mouse
        size = Size(columns: Int(getmaxx(window)), rows: Int(getmaxy(window)))
        shown = ScreenBuffer(size: size)
        state = .onScreen
        mustRedraw = true
        send(Modes.on(mouse: isMouseOn))
    }

    /// Gives the terminal back. Further calls do nothing.
    public func close() {
        guard state != .closed else { return }
        leave()
        state = .closed
        TerminalRescue.dismiss()
        input.close()
    }
}

// MARK: - Showing

extension CursesTerminal {
    /// Draws the cells that differ from what is shown.
    ///
    /// A screen of another size than the terminal's is cut, or leaves the rest empty. Nothing is sent while another
    /// program has the terminal, nor when nothing changed.
    public func show(_ screen: ScreenBuffer) {
        guard state == .onScreen else { return }
        if screen.size != shown.size { _ = werase(window) }
        let runs = screen.runs(changedFrom: shown)
        let cursorMoved = cursor?.column != shownCursor?.column || cursor?.row != shownCursor?.row
        guard !runs.isEmpty || cursorMoved || mustRedraw || screen.size != shown.size else { return }

        for run in runs where run.row < size.rows {
            let cells = cells(of: run)
            mvwadd_wchnstr(window, Int32(run.row), Int32(run.column), cells, Int32(cells.count))
        }
        shown = screen
        flush()
    }

    /// Shows the cursor at a cell, or hides it. Takes effect with the next `show`.
    public func setCursor(column: Int, row: Int) { cursor = (column, row) }
    public func hideCursor() { cursor = nil }

    /// Sends everything with the next `show`: somebody else wrote on the terminal.
    public func forceRedraw() { mustRedraw = true }

    private func flush() {
        if mustRedraw { _ = clearok(window, true) }
        mustRedraw = false
        let visible = cursor.flatMap { $0.column < size.columns && $0.row < size.rows ? $0 : nil }
        if let visible { _ = wmove(window, Int32(visible.row), Int32(visible.column)) }
        // One frame at once where the terminal can (mode 2026); elsewhere it is ignored.
        send(Modes.frameStart)
        _ = wnoutrefresh(window)
        _ = curs_set(visible == nil ? 0 : 1)
        _ = doupdate()
        send(Modes.frameEnd)
        shownCursor = cursor
    }

    private func cells(of run: ScreenBuffer.Run) -> [cchar_t] {
        var cells: [cchar_t] = []
        cells.reserveCapacity(run.cells.count)
        for cell in run.cells where !cell.glyph.isContinuation {
            let look = look(of: cell.style)
            let (base, first, second) = cell.glyph.codePoints
            if base < 0x7F {
                cells.append(curses_cell(base, first, second, look.attributes, look.pair))
            } else if supportsUnicode, wcwidth(wchar_t(base)) == cell.glyph.width {
                cells.append(curses_cell(base, first, second, look.attributes, look.pair))
            } else {
                // The C library knows another width, or none: drawn as it is, the rest of the row would shift.
                for _ in 0..<cell.glyph.width {
                    cells.append(curses_cell(0x3F, 0, 0, look.attributes, look.pair))
                }
            }
        }
        return cells
    }

    /// Colours and attributes in ncurses' terms.
    private struct CellLook {
        var attributes: attr_t
        var pair: Int32
    }

    private struct ColorPair: Hashable {
        var foreground: Int32
        var background: Int32
    }

    private func look(of style: Style) -> CellLook {
        if let known = attributes[style] { return known }
        let look = palette.look(of: style)
        let cellLook = CellLook(
            attributes: curses_attributes(
                look.attributes.contains(.bold), look.attributes.contains(.dim), look.attributes.contains(.reverse),
                look.attributes.contains(.underline), look.attributes.contains(.italic)),
            pair: pair(ColorPair(foreground: look.foreground, background: look.background)))
        attributes[style] = cellLook
        return cellLook
    }

    /// Pairs are a scarce thing on small terminals (64 on eight colours): each is made when it is first needed.
    private func pair(_ pair: ColorPair) -> Int32 {
        guard palette.colors > 0, pair != ColorPair(foreground: -1, background: -1) else { return 0 }
        if let known = pairs[pair] { return known }
        let number = Int32(pairs.count + 1)
        guard number < pairLimit, init_extended_pair(number, pair.foreground, pair.background) == OK else { return 0 }
        pairs[pair] = number
        return number
    }
}

// MARK: - Reading

extension CursesTerminal {
    /// What to poll(2) for reading before `readEvents`: the keyboard and the signals. Changes when the input ends.
    public var descriptors: [Int32] { input.hasEnded ? [notices] : [input.descriptor, notices] }

    /// Everything that has happened since the last call, in order; empty when nothing has. Never waits, but for the 25 ms
    /// in which the rest of an escape sequence may come.
    public func readEvents() -> [TerminalEvent] {
        guard state != .closed else { return [] }
        var events = readNotices()
        guard state == .onScreen else { return events }
        events += input.read()
        return events
    }

    private func readNotices() -> [TerminalEvent] {
        var events: [TerminalEvent] = []
        var hasContinued = false
        while let number = nextNotice() {
            switch number {
            case SIGWINCH: break
            case SIGTSTP: events += suspend()
            case SIGCONT: hasContinued = true
            default: events.append(.endRequested(signal: number))
            }
        }
        if hasContinued, state == .onScreen {
            // Stopped by SIGSTOP, which can't be caught: the shell has had the terminal and left it in its own modes.
            leave()
            guard TerminalRescue.awaitForeground() else { return events + readNotices() }
            enter()
            events.append(.resumed)
        }
        // Asked every time and not only after SIGWINCH: one system call, and no way to miss a change.
        if let changed = adoptSize() { events.append(.resized(changed)) }
        return events
    }

    private func nextNotice() -> Int32? {
        var byte: UInt8 = 0
        return read(notices, &byte, 1) == 1 ? Int32(byte) : nil
    }

    private func adoptSize() -> Size? {
        var (columns, rows): (Int32, Int32) = (0, 0)
        guard state == .onScreen, terminal_size(output, &columns, &rows) else { return nil }
        let current = Size(columns: Int(columns), rows: Int(rows))
        guard current != size else { return nil }
        _ = resize_term(rows, columns)
        _ = wresize(window, rows, columns)
        _ = werase(window)
        size = current
        shown = ScreenBuffer(size: current)
        mustRedraw = true
        return current
    }
}

// MARK: - Leaving and coming back

extension CursesTerminal {
    /// Stops the program as Ctrl-Z does everywhere else; returns when the shell lets it go on.
    ///
    /// - Returns: What to tell the program: `.resumed`, and `.resized` when the window changed meanwhile.
    public func suspend() -> [TerminalEvent] {
        guard state == .onScreen else { return [] }
        leave()
        TerminalRescue.stopProcess()
        guard TerminalRescue.awaitForeground() else { return [] }
        enter()
        return [.resumed] + (adoptSize().map { [.resized($0)] } ?? [])
    }

    /// The terminal as it was before us. `enter` comes back.
    func leave() {
        guard state == .onScreen else { return }
        send(Modes.off)
        _ = curs_set(1)
        _ = endwin()
        TerminalRescue.disarm()
        state = .away
    }

    /// The terminal in our hands again, and empty until the next `show`.
    func enter() {
        guard state == .away else { return }
        TerminalRescue.arm()
        state = .onScreen
        _ = clearok(window, true)
        // Back from endwin, doupdate sets all that newterm had set.
        _ = wnoutrefresh(window)
        _ = doupdate()
        send(Modes.on(mouse: isMouseOn))
        mustRedraw = true
    }

    /// Sends bytes of ours, never of others, past ncurses: only between two frames, when its own buffer is empty.
    func send(_ bytes: String) {
        guard understandsANSI else { return }
        var rest = Array(bytes.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }

    private enum Modes {
        static let frameStart = "\u{1B}[?2026h"
        static let frameEnd = "\u{1B}[?2026l"
        // 1002 reports drags too, 1006 without a limit of 223 columns.
        static let mouseOn = "\u{1B}[?1002h\u{1B}[?1006h"
        static let mouseOff = "\u{1B}[?1002l\u{1B}[?1006l"
        static let off = mouseOff + "\u{1B}[?2004l"
        static func on(mouse: Bool) -> String { "\u{1B}[?2004h" + (mouse ? mouseOn : "") }
    }
}

// MARK: - Finding out

extension CursesTerminal {
    /// Characters only: numbers must go on being written with a point, in JSON for one.
    private static func adoptLocale() {
        guard setlocale(LC_CTYPE, "") == nil else { return }
        // Named but not installed, as often in containers and over ssh: what it says about UTF-8 is true all the same.
        let variables: [String] = ["LC_ALL", "LC_CTYPE", "LANG"]
        let name = variables.lazy.compactMap { getenv($0).map { String(cString: $0) } }
            .first { !$0.isEmpty }
        let folded = name?.lowercased() ?? ""
        if folded.hasSuffix("utf-8") || folded.hasSuffix("utf8") { setlocale(LC_CTYPE, "C.UTF-8") }
    }

    private static func openInput(_ options: Options) throws(TerminalError) -> (Int32, isOwn: Bool) {
        if isatty(STDIN_FILENO) == 1 { return (STDIN_FILENO, false) }
        guard options.keysFromControllingTerminal else { throw .inputIsNoTerminal }
        let terminal = open_controlling_terminal()
        guard terminal >= 0 else { throw .inputIsNoTerminal }
        return (terminal, true)
    }

    /// Reads the terminal's description.
    ///
    /// - Returns: Its name, for newterm, which reads the description again for itself.
    private static func checkType() throws(TerminalError) -> String {
        guard let type = getenv("TERM").map({ String(cString: $0) }), !type.isEmpty else { throw .noTerminalType }
        var found: Int32 = 0
        guard setupterm(type, STDOUT_FILENO, &found) == OK else {
            // 0 is unknown or too generic, -1 no database, 1 a printing terminal.
            throw found == 1 ? .tooSimple(type) : .unknownTerminal(type)
        }
        guard capability("cup") != nil else { throw .tooSimple(type) }
        return type
    }

    /// A string of the terminal's description, without padding; `nil` when it has none.
    private static func capability(_ name: String) -> [UInt8]? {
        guard let string = tigetstr(name), Int(bitPattern: string) != -1 else { return nil }
        var bytes: [UInt8] = []
        var rest = string.withMemoryRebound(to: UInt8.self, capacity: strlen(string)) { start in
            Array(UnsafeBufferPointer(start: start, count: strlen(string)))
        }[...]
        while let byte = rest.popFirst() {
            // Padding looks like $<5/>; what it asks to wait for has not been built since the eighties.
            if byte == UInt8(ascii: "$"), rest.first == UInt8(ascii: "<"),
                let end = rest.firstIndex(of: UInt8(ascii: ">"))
            {
                rest = rest[(end + 1)...]
            } else {
                bytes.append(byte)
            }
        }
        return bytes.isEmpty ? nil : bytes
    }

    /// UTF-8, and one column for every glyph the bars are made of: some are two wide in East Asian locales.
    private static func showsUnicode() -> Bool {
        guard let codeset = nl_langinfo(nl_item(CODESET)), String(cString: codeset) == "UTF-8" else { return false }
        return "·┄─═▸░█›✗…│━┃▏▶●○↻⇉└→—".unicodeScalars.allSatisfy { wcwidth(wchar_t($0.value)) == 1 }
    }
}
