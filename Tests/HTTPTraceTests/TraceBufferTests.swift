import HTTPTrace
import Synchronization
import Testing

@Suite("Trace buffers")
struct TraceBufferTests {
    private func record(_ number: Int) -> TraceRecord {
        TraceRecord(time: .zero, exchange: ExchangeID(number), connection: nil, event: .wait100Continue)
    }

    @Test func `a buffer says when it begins to fill and when it is full, and is empty once taken`() {
        let words = Mutex<[String]>([])
        let buffer = TraceBuffer(limit: 3)
        buffer.begun = { words.withLock { $0.append("begun") } }
        buffer.filled = { words.withLock { $0.append("filled") } }
        for number in 1...4 { buffer.append(record(number)) }
        #expect(words.withLock { $0 } == ["begun", "filled", "filled"])
        #expect(buffer.take() == (1...4).map { record($0) })
        #expect(buffer.count == 0 && buffer.take().isEmpty)
        buffer.append(record(5))
        #expect(words.withLock { $0 }.last == "begun")
        #expect(buffer.take() == [record(5)])
    }

    @Test func `a record is seven words`() {
        // Millions of them are moved and kept: an event with more than three words to say is indirect.
        #expect(MemoryLayout<TraceRecord>.stride == 7 * MemoryLayout<Int>.size)
    }

    @Test func `a trace keeps its events in its buffer, and of two traces both do`() throws {
        let (first, second) = (TraceBuffer(limit: 10), TraceBuffer(limit: 10))
        let called = Mutex(0)
        let hooked = ClientTrace {
            $0.wait100Continue = { called.withLock { $0 += 1 } }
            $0.buffer = first
        }
        let plain = ClientTrace { $0.buffer = second }
        #expect(!plain.hasHooks && plain.tellsTimes && hooked.hasHooks)
        #expect(!ClientTrace { $0.wait100Continue = {} }.tellsTimes)
        try plain.composed(over: hooked).deliver(record(1))
        try hooked.composed(over: plain).deliver(record(2))
        try plain.deliver(record(3))
        #expect(first.take() == [record(1), record(2)])
        #expect(second.take() == [record(1), record(2), record(3)])
        #expect(called.withLock { $0 } == 2)
    }
}
