import Glibc
import Testing
import TextScreen

@testable import CursesTerminal

@Suite("Terminal input")
struct TerminalInputTests {
    @Test(arguments: [TerminalInput.keysPerRead - 1, TerminalInput.keysPerRead, TerminalInput.keysPerRead + 1])
    func `an Esc is read however many keys came before it`(count: Int) throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var input = TerminalInput(descriptor: ends[0], isOwn: false, sequences: [:])
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: count) + [0x1B]
        try #require(write(ends[1], bytes, bytes.count) == bytes.count)
        let events = input.read()
        #expect(events.count == count + 1)
        #expect(events.last == .key(.escape))
    }
}
