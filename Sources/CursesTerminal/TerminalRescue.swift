internal import CNcurses
internal import Glibc

// Gives the terminal back on the ways out that Swift code does not see: fatal signals, exit() from somewhere, and a
// second request to end when the program is stuck.
//
//   prepare ──▶ disarmed ──arm──▶ armed ──signal──▶ bytes and modes of before, then the signal again
//                  ▲                │
//                  └─────disarm─────┘   (orderly end, Ctrl-Z, another program runs)
//
// The handlers are C (CNcurses/shim.h says why). Their state is `static` in that header, so this is the only file that
// may call them: another one would get a copy of its own. Nor may its functions be put into their callers, which is how an
// optimizing compiler brings the calls into other files.

enum TerminalRescue {
    /// Installs the handlers. They do nothing to the terminal until `arm`.
    ///
    /// - Parameters:
    ///   - terminal: The descriptor to write to, still in the state that is to come back.
    ///   - farewell: The bytes that undo everything we may have switched on; at most 256.
    /// - Returns: A descriptor that becomes readable with one byte for each of TERM, HUP, INT, QUIT, WINCH, TSTP and CONT:
    ///   the signal's number. `nil` when `terminal` is none or no pipe could be made.
    @inline(never)
    static func prepare(terminal: Int32, farewell: [UInt8]) -> Int32? {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_NONBLOCK | O_CLOEXEC) == 0 else { return nil }
        let isPrepared = farewell.withUnsafeBytes { bytes in
            terminal_rescue_prepare(terminal, ends[1], bytes.baseAddress, bytes.count)
        }
        return isPrepared ? ends[0] : nil
    }

    /// The terminal is about to be changed.
    @inline(never)
    static func arm() { terminal_rescue_arm(true) }

    /// The terminal is as it was.
    @inline(never)
    static func disarm() { terminal_rescue_arm(false) }

    /// Another program has the terminal: INT and QUIT from its keyboard are for that one.
    @inline(never)
    static func setGuest(_ hasGuest: Bool) { terminal_rescue_set_guest(hasGuest) }

    /// Stops the process; returns when the shell lets it go on.
    @inline(never)
    static func stopProcess() { terminal_rescue_stop() }

    /// Waits, stopped, until the shell gives the terminal back; returns at once when it has.
    ///
    /// - Returns: Whether to go on; false when the program is to end, as the notices say.
    @inline(never)
    static func awaitForeground() -> Bool { terminal_rescue_await_foreground() }

    /// Signals are as before `prepare`.
    @inline(never)
    static func dismiss() { terminal_rescue_dismiss() }

    /// What undoes our modes, whatever state they are in.
    ///
    /// - Parameter capability: The terminal's own strings, by terminfo name.
    static func farewell(capability: (String) -> [UInt8]?) -> [UInt8] {
        // End of a synchronized frame first: until then nothing else would show.
        var bytes = Array("\u{1B}[?2026l\u{1B}[?1000l\u{1B}[?1002l\u{1B}[?1003l\u{1B}[?1006l\u{1B}[?1004l".utf8)
        bytes += Array("\u{1B}[?2004l\u{1B}[?25h\u{1B}[0m\u{1B}[?1049l".utf8)
        for name in ["rmkx", "rmacs"] { bytes += capability(name) ?? [] }
        return bytes
    }
}
