import HTTPTrace
import Testing

@Suite("Why a connection is gone")
struct CloseReasonTests {
    @Test(arguments: [
        (CloseReason.idleTimeout(after: .seconds(90)), "idle for 90 s"),
        (.idleTimeout(after: .milliseconds(500)), "idle for 500 ms"),
        (.tooOld(limit: .milliseconds(1_500)), "older than 1.5 s"),
    ])
    func `a limit is told as it was set, also where it is no whole seconds`(reason: CloseReason, words: String) {
        #expect(reason.description == words)
    }
}
