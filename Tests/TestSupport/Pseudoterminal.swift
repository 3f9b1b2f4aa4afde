internal import Glibc

/// A program in a terminal of its own: its screen as a person would see it, and every byte it sent.
public final class Pseudoterminal {
    /// What the program has drawn.
    public private(set) var screen: TerminalScreen
    /// All it sent, in order.
    public private(set) var bytes: [UInt8] = []
    public let process: ChildProcess

    private var controller: Int32
    /// Ours, besides the program's: without it the terminal, and with it the modes we look at, ends with the program.
    private var terminal: Int32
    private let modesBefore: TerminalModes
    /// Where the program runs; it must not go before the program does.
    private let folder: TemporaryFolder?

    /// Starts the program in a new session with this terminal.
    public init(
        _ arguments: [String], columns: Int = 120, rows: Int = 36,
        environment: [String: String] = ChildProcess.environment(["TERM": "xterm-256color"]),
        folder: TemporaryFolder? = nil,
        input: ChildProcess.Stream? = nil, output: ChildProcess.Stream? = nil
    ) throws {
        controller = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        var (isLocked, number): (Int32, UInt32) = (0, 0)
        // TIOCSPTLCK and TIOCGPTN, which grantpt(3) and its kin are made of; those hide behind _GNU_SOURCE.
        guard controller >= 0, ioctl(controller, 0x4004_5431, &isLocked) == 0,
            ioctl(controller, 0x8004_5430, &number) == 0
        else { throw HarnessError("No pseudo-terminal: \(String(cString: strerror(errno)))") }
        let path = "/dev/pts/\(number)"
        terminal = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { throw HarnessError("\(path): \(String(cString: strerror(errno)))") }
        Self.setSize(of: controller, columns: columns, rows: rows)
        modesBefore = TerminalModes(of: terminal)
        self.folder = folder
        screen = TerminalScreen(columns: columns, rows: rows)
        process = try ChildProcess(
            arguments, environment: environment, folder: folder?.path, input: input ?? .path(path),
            output: output ?? .path(path),
            error: .path(path), isSessionLeader: true)
    }

    deinit { hangUp() }

    /// The window is closed: the program has no terminal any more.
    public func hangUp() {
        guard controller >= 0 else { return }
        close(terminal)
        close(controller)
        (controller, terminal) = (-1, -1)
    }

    /// Types; escape sequences are what special keys send.
    public func type(_ keys: String) {
        var rest = Array(keys.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(controller, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    /// Changes the size of the window; the kernel tells the program.
    public func resize(columns: Int, rows: Int) {
        takeOutput()
        screen.resize(columns: columns, rows: rows)
        Self.setSize(of: controller, columns: columns, rows: rows)
    }

    /// Waits until the screen is as the test wants it; the failure shows how it was instead.
    public func wait(
        for what: String, within limit: Duration = .seconds(30), until isTrue: (TerminalScreen) -> Bool
    ) async throws {
        do {
            try await TestSupport.wait(for: what, within: limit) {
                // First whether it has ended: what it sent before is then all there.
                let ending = process.ending
                takeOutput()
                if isTrue(screen) { return true }
                if let ending { throw HarnessError("The program ended (\(ending)) before \(what).") }
                return false
            }
        } catch {
            throw HarnessError("\(error) The screen:\n\(screen.text)")
        }
    }

    /// Waits until this stands on the screen.
    public func wait(forText text: String, within limit: Duration = .seconds(30)) async throws {
        try await wait(for: "\"\(text)\" on the screen", within: limit) { $0.contains(text) }
    }

    /// Waits until the program ends.
    @discardableResult
    public func finish(within limit: Duration = .seconds(30)) async throws -> Ending {
        do {
            try await TestSupport.wait(for: "the program to end", within: limit) {
                // A program that writes needs somebody who reads.
                takeOutput()
                return process.ending != nil
            }
        } catch {
            throw HarnessError("\(error) The screen:\n\(screen.text)")
        }
        takeOutput()
        return process.ending!
    }

    /// What is not as it was before the program started: terminal modes of both kinds. Empty when all is well.
    public var leftovers: [String] {
        takeOutput()
        var leftovers: [String] = []
        for mode in screen.modes.subtracting(TerminalScreen.initialModes).sorted() {
            leftovers.append("mode \(mode) is on")
        }
        for mode in TerminalScreen.initialModes.subtracting(screen.modes).sorted() {
            leftovers.append("mode \(mode) is off")
        }
        if screen.isStyled { leftovers.append("text is still styled") }
        if TerminalModes(of: terminal) != modesBefore { leftovers.append("termios is not as before") }
        return leftovers
    }

    /// Whether lines are edited and echoed by the terminal, as a shell's user expects.
    public var isCooked: Bool {
        let modes = TerminalModes(of: terminal)
        return modes.local & UInt32(ICANON | ECHO | ISIG) == UInt32(ICANON | ECHO | ISIG)
    }

    private func takeOutput() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(controller, &buffer, buffer.count)
            guard count > 0 else { return }
            bytes += buffer[..<count]
            screen.feed(buffer[..<count])
        }
    }

    private static func setSize(of descriptor: Int32, columns: Int, rows: Int) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
    }
}

/// termios(3), comparable.
private struct TerminalModes: Equatable {
    var input: UInt32
    var output: UInt32
    var control: UInt32
    var local: UInt32
    var characters: [UInt8]

    init(of descriptor: Int32) {
        var modes = termios()
        tcgetattr(descriptor, &modes)
        input = modes.c_iflag
        output = modes.c_oflag
        control = modes.c_cflag
        local = modes.c_lflag
        characters = withUnsafeBytes(of: modes.c_cc) { Array($0) }
    }
}
