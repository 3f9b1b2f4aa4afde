import HTTPTrace
import Testing

@testable import HTTPServer

@Suite("Connection state")
struct ConnectionMachineTests {
    /// What a machine is told, in the order in which a connection tells it.
    private enum Step {
        case bytes(Int)
        case leftOver(Int)
        case headRead, headFailed, kept, notKept, hijacked, closed
    }

    /// What is reported after `steps`, the first report included.
    private func states(_ steps: [Step]) -> [ConnectionState] {
        var machine = ConnectionMachine()
        var states = [machine.state]
        for step in steps {
            let state: ConnectionState?
            switch step {
            case .bytes(let count):
                machine.received(count, areNew: true)
                state = nil
            case .leftOver(let count):
                machine.received(count, areNew: false)
                state = nil
            case .headRead: state = machine.headRead()
            case .headFailed: state = machine.headFailed()
            case .kept: state = machine.responseEnded(isKept: true)
            case .notKept: state = machine.responseEnded(isKept: false)
            case .hijacked: state = machine.hijacked()
            case .closed: state = machine.closed()
            }
            if let state { states.append(state) }
        }
        return states
    }

    @Test func `a connection that never sends anything goes from new to closed`() {
        #expect(states([.headFailed, .closed]) == [.new, .closed])
        #expect(states([.closed]) == [.new, .closed])
    }

    @Test func `a kept connection is idle between its requests`() {
        let steps: [Step] = [.bytes(40), .headRead, .kept, .bytes(40), .headRead, .notKept, .closed]
        #expect(states(steps) == [.new, .active, .idle, .active, .closed])
    }

    @Test func `pipelined requests are idle between, too`() {
        let steps: [Step] = [.bytes(80), .headRead, .kept, .leftOver(40), .headRead, .kept, .closed]
        #expect(states(steps) == [.new, .active, .idle, .active, .idle, .closed])
    }

    @Test func `a first head that fails was active if a single byte of it came`() {
        #expect(states([.bytes(1), .headFailed, .closed]) == [.new, .active, .closed])
    }

    @Test func `a later head that fails in one piece was never active`() {
        let first: [Step] = [.bytes(40), .headRead, .kept]
        #expect(states(first + [.bytes(40), .headFailed, .closed]) == [.new, .active, .idle, .closed])
        #expect(states(first + [.leftOver(40), .headFailed, .closed]) == [.new, .active, .idle, .closed])
    }

    @Test func `a later head that fails after more than one piece was active`() {
        let first: [Step] = [.bytes(40), .headRead, .kept]
        #expect(
            states(first + [.bytes(4), .bytes(1), .headFailed, .closed]) == [.new, .active, .idle, .active, .closed])
        #expect(
            states(first + [.leftOver(9), .bytes(1), .headFailed, .closed]) == [.new, .active, .idle, .active, .closed])
    }

    @Test func `an idle connection wakes up with the fourth byte`() {
        var machine = ConnectionMachine()
        machine.received(40, areNew: true)
        _ = machine.headRead()
        _ = machine.responseEnded(isKept: true)
        machine.received(3, areNew: true)
        #expect(machine.isResting)
        #expect(machine.headFailed() == nil)

        machine.received(1, areNew: true)
        #expect(!machine.isResting)
    }

    @Test func `a new connection does not rest: its head is expected at once`() {
        #expect(!ConnectionMachine().isResting)
    }

    @Test func `a hijacked connection never reports closed`() {
        #expect(states([.bytes(40), .headRead, .hijacked, .closed]) == [.new, .active, .hijacked])
    }

    @Test func `closed is reported once`() {
        #expect(states([.bytes(40), .headRead, .closed, .closed]) == [.new, .active, .closed])
    }
}
