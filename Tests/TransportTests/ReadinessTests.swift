import CLinux
import Testing

@testable import Transport

@Suite("Readiness")
struct ReadinessTests {
    @Test func `nothing is read before the first edge`() {
        #expect(!Readiness(mayWrite: true).mayRead)
    }

    @Test func `a short read shows that the socket is dry, a full one does not`() {
        var readiness = Readiness(mayWrite: true)
        _ = readiness.arrived(EPOLLIN.rawValue)
        readiness.didRead(10, of: 10)
        #expect(readiness.mayRead)
        readiness.didRead(9, of: 10)
        #expect(!readiness.mayRead)
    }

    @Test(arguments: [EPOLLRDHUP.rawValue, EPOLLHUP.rawValue, EPOLLERR.rawValue, EPOLLPRI.rawValue])
    func `an end, an error or urgent data that came along is still read after a short read`(event: UInt32) {
        var readiness = Readiness(mayWrite: true)
        _ = readiness.arrived(EPOLLIN.rawValue | event)
        readiness.didRead(1, of: 10)
        #expect(readiness.mayRead)
    }

    @Test func `a short write waits for the next edge`() {
        var readiness = Readiness(mayWrite: true)
        readiness.didWrite(10, of: 10)
        #expect(readiness.mayWrite)
        readiness.didWrite(9, of: 10)
        #expect(!readiness.mayWrite)
        #expect(readiness.arrived(EPOLLOUT.rawValue) == (reading: false, writing: true))
        #expect(readiness.mayWrite)
    }

    @Test func `an error wakes both sides`() {
        var readiness = Readiness(mayWrite: false)
        #expect(readiness.arrived(EPOLLERR.rawValue) == (reading: true, writing: true))
    }
}
