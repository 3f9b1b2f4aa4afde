import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("Event loop")
struct EventLoopTests {
    let loop = EventLoop.shared

    @Test func `a network task stays on the network thread, whatever it waits for`() async throws {
        try await Task.onNetwork {
            #expect(loop.isOnThread)
            let pair = try await LoopbackPair()
            #expect(loop.isOnThread)
            let echo = Task.onNetwork { try await pair.server.writeAll(try await pair.server.readSome()!) }
            try await pair.client.write("hello")
            #expect(try await pair.client.readSome() == Array("hello".utf8))
            try await echo.value
            #expect(loop.isOnThread)
        }.value
    }

    @Test func `work from other threads runs in the order in which it came`() async {
        let order = await withCheckedContinuation { continuation in
            let collector = Collector(until: 1_000) { continuation.resume(returning: $0) }
            for number in 0..<1_000 { loop.execute { collector.add(number) } }
        }
        #expect(order == Array(0..<1_000))
    }

    @Test func `work handed over on the network thread itself runs later, not inside the caller`() async {
        await Task.onNetwork {
            let collector = Collector(until: 2) { _ in }
            loop.execute { collector.add(2) }
            collector.add(1)
            await Task.yield()
            #expect(collector.numbers == [1, 2])
        }.value
    }

    @Test func `ten thousand timers fire by their deadlines, never early, and cancelled ones never`() async {
        let fired = await Task.onNetwork {
            await withCheckedContinuation { continuation in
                let start = loop.now
                let collector = Collector(until: 5_000) { continuation.resume(returning: $0) }
                for number in 0..<10_000 {
                    let deadline = start + .microseconds(number)
                    let timer = loop.schedule(at: deadline) {
                        #expect(loop.now >= deadline)
                        collector.add(number)
                    }
                    if number % 2 == 0 { loop.cancel(timer) }
                }
            }
        }.value
        #expect(fired == Array(stride(from: 1, to: 10_000, by: 2)))
    }

    @Test func `a timer's action may claim the network's isolation`() async {
        await Task.onNetwork {
            await withCheckedContinuation { continuation in
                loop.schedule(at: loop.now) { NetworkActor.assumeIsolated { continuation.resume() } }
            }
        }.value
    }

    @Test func `work that makes more work does not keep sockets waiting`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            let busy = Task.onNetwork { while !Task.isCancelled { await Task.yield() } }
            try await pair.client.write("x")
            #expect(try await pair.server.readSome() == [0x78])
            busy.cancel()
        }.value
    }

    @Test func `a long turn is noticed`() async {
        await Task.onNetwork {
            let start = loop.now
            while loop.now - start < .milliseconds(5) {}
        }.value
        // The turn is noted when it is over: one more makes sure of that.
        await Task.onNetwork { await Task.yield() }.value
        #expect(loop.longestTurn >= .milliseconds(5))
        #expect(loop.turns > 0)
    }
}

/// Numbers in the order in which they came.
@NetworkActor
final class Collector {
    private(set) var numbers: [Int] = []
    private let limit: Int
    private let done: @Sendable ([Int]) -> Void

    nonisolated init(until limit: Int, _ done: @escaping @Sendable ([Int]) -> Void) {
        self.limit = limit
        self.done = done
    }

    func add(_ number: Int) {
        numbers.append(number)
        if numbers.count == limit { done(numbers) }
    }
}
