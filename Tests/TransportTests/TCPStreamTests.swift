import CLinux
import Glibc
import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("TCP", .timeLimit(.minutes(5)))
struct TCPStreamTests {
    @Test func `bytes are stamped when they arrived, however late they are read`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            pair.client.notesArrivals = true
            // The kernel begins to stamp soon after the first socket has asked for it, not at once.
            while pair.client.arrival == nil {
                try await pair.server.write("hello")
                #expect(try await pair.client.readSome() != nil)
            }
            let before = EventLoop.shared.now
            try await pair.server.write("hello")
            let after = EventLoop.shared.now
            // The network thread does something else for long.
            usleep(500_000)
            #expect(try await pair.client.readSome() == Array("hello".utf8))
            let arrival = try #require(pair.client.arrival)
            // The wall clock is steered a little, and a busy machine may come between our looks at the two clocks.
            #expect(arrival > before + .milliseconds(-1) && arrival < after + .milliseconds(250))
            pair.client.notesArrivals = false
            #expect(pair.client.arrival == nil)
        }.value
    }

    @Test func `bytes go both ways, and are counted`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            try await pair.client.write("question")
            #expect(try await pair.server.readSome() == Array("question".utf8))
            try await pair.server.write("answer!")
            #expect(try await pair.client.readSome() == Array("answer!".utf8))
            #expect(pair.client.bytesSent == 8 && pair.client.bytesReceived == 7)
            #expect(pair.client.localAddress == pair.server.remoteAddress)
            #expect(pair.client.remoteAddress == pair.server.localAddress)
        }.value
    }

    @Test func `a refused connect says so, though the socket turned writable`() async throws {
        await #expect(throws: StreamError.failed(call: "connect", code: ECONNREFUSED)) {
            try await Task.onNetwork {
                let listener = try TCPListener(.loopback)
                listener.close()
                _ = try await TCPStream.connect(to: listener.address)
            }.value
        }
    }

    @Test func `a connect that nobody answers ends with its timeout`() async throws {
        await #expect(throws: StreamError.failed(call: "connect", code: ETIMEDOUT)) {
            try await Task.onNetwork {
                let hole = try await BlackHole()
                _ = try await TCPStream.connect(to: hole.address, timeout: .milliseconds(20))
            }.value
        }
    }

    @Test func `a cancelled connect ends at once`() async throws {
        await #expect(throws: StreamError.closed) {
            let hole = try await BlackHole()
            let task = Task.onNetwork { try await TCPStream.connect(to: hole.address) }
            task.cancel()
            _ = try await task.value
        }
    }

    @Test func `a task that does not prefer the network thread misses no edge either`() async throws {
        // Others must run in between for it to go wrong.
        let noise = Task.detached { while !Task.isCancelled { await Task.onNetwork { await Task.yield() }.value } }
        for _ in 0..<300 { _ = try await LoopbackPair() }
        noise.cancel()
    }

    @Test func `a cancellation that races a connect leaves either a stream or none`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            for round in 0..<200 {
                let task = Task.onNetwork { try await TCPStream.connect(to: listener.address) }
                for _ in 0..<round % 7 { await Task.yield() }
                task.cancel()
                switch await task.result {
                case .success(let stream): try await stream.write("x")
                case .failure(let error): #expect(error as? StreamError == .closed)
                }
            }
            listener.close()
        }.value
    }

    @Test func `closing ends a wait to read and a wait to write at once`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            while try fill(pair.client) > 0 {}
            let reader = Task.onNetwork { try await pair.client.readable() }
            let writer = Task.onNetwork { try await pair.client.writable() }
            await Task.yield()
            pair.client.close()
            await #expect(throws: StreamError.closed) { try await reader.value }
            await #expect(throws: StreamError.closed) { try await writer.value }
            await #expect(throws: StreamError.closed) { try await pair.client.readable() }
            #expect(throws: StreamError.closed) { try fill(pair.client) }
        }.value
    }

    @Test func `a close in the same turn as the bytes wins`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            let reader = Task.onNetwork { try await pair.client.readSome() }
            await Task.yield()
            try await pair.server.write("x")
            // The reader was woken by now or not; either way it must end.
            await Task.yield()
            pair.client.close()
            let result = await reader.result
            #expect((try? result.get()) == [0x78] || (try? result.get()) == nil)
        }.value
    }

    @Test func `one task may wait to read while another waits to write`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            let size = 4_000_000
            let clientReads = Task.onNetwork { try await pair.client.readAll() }
            let serverReads = Task.onNetwork { try await pair.server.readAll() }
            let clientWrites = Task.onNetwork {
                try await pair.client.writeAll([UInt8](repeating: 1, count: size))
                pair.client.closeWrite()
            }
            try await pair.server.writeAll([UInt8](repeating: 2, count: size))
            pair.server.closeWrite()
            try await clientWrites.value
            #expect(try await clientReads.value == [UInt8](repeating: 2, count: size))
            #expect(try await serverReads.value == [UInt8](repeating: 1, count: size))
        }.value
    }

    @Test func `a half-closed stream can still be answered`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            try await pair.client.write("question")
            pair.client.closeWrite()
            #expect(try await pair.server.readAll() == Array("question".utf8))
            try await pair.server.write("answer")
            pair.server.close()
            #expect(try await pair.client.readAll() == Array("answer".utf8))
        }.value
    }

    @Test func `an end that comes along with the last bytes is not missed`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            // Both in one turn, so that one edge tells of both.
            #expect(try Array("last".utf8).withUnsafeBytes { try pair.server.tryWrite($0) } == 4)
            pair.server.close()
            #expect(try await pair.client.readSome(roomFor: 4096) == Array("last".utf8))
            #expect(try await pair.client.readSome(roomFor: 4096) == nil)
        }.value
    }

    @Test func `bytes behind a byte of urgent data are not missed`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            let raw = pair.server.descriptor.number
            send(raw, "before", 6, 0)
            send(raw, "!", 1, Int32(MSG_OOB))
            send(raw, "after", 5, 0)
            pair.server.closeWrite()
            #expect(try await pair.client.readAll() == Array("beforeafter".utf8))
        }.value
    }

    @Test func `writing to a peer that is gone is an error, not the end of the program`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            pair.server.close()
            let error = await #expect(throws: StreamError.self) {
                while true { try await pair.client.write("anybody there?") }
            }
            #expect(error?.isReset == true)
        }.value
    }

    @Test func `a reset is told from an end`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            try await pair.client.write("never read")
            try await pair.server.readable()
            pair.server.close()  // with bytes unread, which resets
            await #expect(throws: StreamError.failed(call: "read", code: ECONNRESET)) {
                try await pair.client.readSome()
            }
        }.value
    }

    @Test func `signals that interrupt system calls do no harm`() async throws {
        // Without SA_RESTART, so that calls really end with EINTR.
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGURG, &action, nil)
        try await Task.onNetwork {
            let networkThread = pthread_self()
            let nagging = Task.detached {
                while !Task.isCancelled {
                    pthread_kill(networkThread, SIGURG)
                    await Task.yield()
                }
            }
            let pair = try await LoopbackPair()
            let sent = Array(repeatElement(Array(UInt8.min...UInt8.max), count: 4_000).joined())
            let reader = Task.onNetwork { try await pair.server.readAll() }
            try await pair.client.writeAll(sent)
            pair.client.close()
            #expect(try await reader.value == sent)
            nagging.cancel()
        }.value
    }

    /// Offers a block, until the kernel's buffers are full.
    @NetworkActor @discardableResult
    private func fill(_ stream: TCPStream) throws -> Int {
        try [UInt8](repeating: 0, count: 65_536).withUnsafeBytes { try stream.tryWrite($0) }
    }
}

@Suite("Idle watch", .timeLimit(.minutes(5)))
struct IdleWatchTests {
    @Test(arguments: ["bytes", "end"])
    func `what arrives while nobody waits is told`(what: String) async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            await withCheckedContinuation { continuation in
                pair.client.onReadableWhileIdle = { [client = pair.client] in
                    client.onReadableWhileIdle = nil
                    continuation.resume()
                }
                if what == "end" {
                    pair.server.close()
                } else {
                    _ = try? [UInt8(1)].withUnsafeBytes { try pair.server.tryWrite($0) }
                }
            }
            #expect(try await pair.client.readSome() == (what == "end" ? nil : [1]))
        }.value
    }

    @Test func `what was there before the watch began is told too`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            try await pair.server.write("12")
            // A read that fills its buffer doesn't know that there is more.
            #expect(try await pair.client.readSome(roomFor: 1) == [0x31])
            await withCheckedContinuation { continuation in
                pair.client.onReadableWhileIdle = { [client = pair.client] in
                    client.onReadableWhileIdle = nil
                    continuation.resume()
                }
            }
        }.value
    }

    @Test func `a reader that was served to the last byte leaves nothing to tell`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            try await pair.server.write("1")
            #expect(try await pair.client.readSome(roomFor: 1) == [0x31])
            pair.client.onReadableWhileIdle = { Issue.record("there is nothing to read") }
            for _ in 0..<10 { await Task.yield() }
            // Somebody who waits is served, not the watch.
            let reader = Task.onNetwork { try await pair.client.readSome() }
            await Task.yield()
            try await pair.server.write("2")
            #expect(try await reader.value == [0x32])
            pair.client.onReadableWhileIdle = nil
        }.value
    }

    @Test func `a new socket with an old number does not get the old one's events`() async throws {
        try await Task.onNetwork {
            let first = try await LoopbackPair()
            let second = try await LoopbackPair()
            let number = second.client.descriptor.number
            var reused: Descriptor?
            first.client.onReadableWhileIdle = {
                first.client.onReadableWhileIdle = nil
                second.client.close()
                // A datagram socket, since a TCP socket that is not connected has an edge of its own (EPOLLHUP).
                let fresh = socket(
                    AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
                // The kernel gives out the lowest free number; others are held back meanwhile. Another test may be quicker.
                var held: [Int32] = []
                var new = dup(fresh)
                while new != number, held.count < 512 {
                    held.append(new)
                    new = dup(fresh)
                }
                if new != number {
                    print("another test took descriptor \(number): its events can't be told apart here")
                }
                reused = try? Descriptor(adopting: new, mayWrite: true)
                reused?.onReadableWhileIdle = { Issue.record("an event of the socket that had the number before") }
                for other in held + [fresh] { Glibc.close(other) }
            }
            // Both edges in one batch, the first one's first.
            _ = try [UInt8(1)].withUnsafeBytes { try first.server.tryWrite($0) }
            _ = try [UInt8(1)].withUnsafeBytes { try second.server.tryWrite($0) }
            while reused == nil { await Task.yield() }
            #expect(reused?.readiness.mayRead == false)
            reused?.close()
        }.value
    }
}

@Suite("Listener", .timeLimit(.minutes(5)))
struct TCPListenerTests {
    @Test func `a port that is taken is refused`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            #expect(listener.address.port != 0)
            #expect(throws: StreamError.failed(call: "bind", code: EADDRINUSE)) { try TCPListener(listener.address) }
        }.value
    }

    @Test func `closing ends the wait for a connection`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let waiting = Task.onNetwork { try await listener.accept() }
            await Task.yield()
            listener.close()
            await #expect(throws: StreamError.closed) { try await waiting.value }
        }.value
    }

    @Test func `many connections at once are all accepted`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let clients = Task.onNetwork {
                var clients: [TCPStream] = []
                for _ in 0..<300 { clients.append(try await TCPStream.connect(to: listener.address)) }
                return clients
            }
            var servers: [TCPStream] = []
            for _ in 0..<300 { servers.append(try await listener.accept()) }
            #expect(Set(servers.map(\.remoteAddress)) == Set(try await clients.value.map(\.localAddress)))
        }.value
    }
}
