internal import HTTPTrace
internal import HTTPWire
internal import Transport

// How a request leaves: as much as the kernel takes at once, and the rest by a task of its own while the answer is awaited.
//
//      head ──▶ body ──────────────────────▶ flushed
//        └────▶ holdingBack ──▶ body ──────▶ flushed      (Expect: 100-continue)
//                    └────────▶ withheld                  (answered instead)

extension HTTP1Exchange {
    /// Bodies up to this size go out in one system call with their head.
    private static let inlineBodyBytes = 32_768

    /// Sends the request, as far as the kernel takes it at once; a task of its own sends the rest.
    ///
    /// - Parameters:
    ///   - expectTimeout: How long a body that asked for a 100 is held back.
    func send(_ request: ClientRequest, _ head: MadeHead, expectTimeout: Duration) {
        // Until the first byte is handed over nothing passes but bookkeeping.
        tracer.hold()
        tracer.recordWroteHeaders(head.told, on: connection.id)
        connection.noteArrivals(tracer.isRecording)
        wireBytesBefore = connection.wireBytesSent
        connection.reader.begin(
            requestMethod: request.method, offersUpgrade: request.offersUpgrade, asksToClose: request.asksToClose)
        if request.expectsContinue {
            heldBack = request
            holdBodyBack(head: head.bytes, for: expectTimeout)
        } else {
            writeBody(of: request, after: head.bytes)
        }
    }

    /// Whether the kernel has taken any of it. Its writer hears of that late: when all of a long rest has gone, and over TLS when
    /// all has that was encrypted together.
    var hasSent: Bool { sentBytes > 0 || connection.wireBytesSent > wireBytesBefore }

    /// Hands over the head alone. The body follows after a 100, or after `limit` (RFC 9110 §10.1.1); when another answer
    /// comes first, only for the sake of a connection that is to be kept: its server may read on for the body. Never after a 417.
    private func holdBodyBack(head bytes: [UInt8], for limit: Duration) {
        writing = .holdingBack
        write(bytes, then: [])
        guard case .holdingBack = writing else { return }  // The head could not be written.
        awaitsContinue = true
        tracer.record(.wait100Continue, on: connection.id)
        expectTimer = loop.schedule(at: loop.now + limit) { [weak self] in self?.releaseBody() }
    }

    func releaseBody() {
        guard case .holdingBack = writing, !isEnded else { return }
        guard !isHeadLeaving else {
            isBodyDue = true
            return
        }
        // Writing has moments of its own, though a 100 may have brought this about.
        tracer.letGo()
        writeHeldBack()
    }

    func writeHeldBack() {
        guard let request = heldBack.take() else { return }
        writeBody(of: request, after: [])
    }

    private func writeBody(of request: ClientRequest, after bytes: [UInt8]) {
        writing = .body
        if let bodyStream = request.bodyStream {
            tracer.letGo()
            Task.onNetwork { await self.pass(bodyStream, after: bytes) }
            return
        }
        guard request.body.count <= Self.inlineBodyBytes else { return write(bytes, then: request.body) }
        // As Go has it: the request is "written" when it stands in the buffer; `flushed` is the kernel's word.
        tracer.recordWroteRequest(on: connection.id)
        if request.body.isEmpty { write(bytes, then: []) } else { write(bytes + request.body, then: []) }
    }

    /// Hands over what the kernel takes now; a task writes the rest while the answer is awaited, since a server that
    /// refuses a large upload answers early, and the answer is worth more than the write error that follows.
    private func write(_ bytes: [UInt8], then body: [UInt8]) {
        do throws(StreamError) {
            // Nothing has passed since the held moment but bookkeeping, except where hooks were called, which may be slow.
            if tracer.hasHooks { tracer.letGo() }
            let start = tracer.moment
            tracer.letGo()
            let taken = try tryWrite(bytes, bytes.count)
            sentBytes += taken
            if taken == bytes.count, body.isEmpty { return noteFlushed(from: start) }
            let rest = Array(bytes[taken...])
            if case .holdingBack = writing { isHeadLeaving = true }
            Task.onNetwork { await self.finishWriting(rest, body) }
        } catch {
            // A peer that closed may have answered before: reading tells.
            noteBrokenWriting(error, before: body)
        }
    }

    private func finishWriting(_ rest: [UInt8], _ body: [UInt8]) async {
        do throws(StreamError) {
            try await connection.stream.writeAll(rest)
            sentBytes += rest.count
            if isHeadLeaving {
                isHeadLeaving = false
                if isBodyDue { releaseBody() }
                return
            }
            try await connection.stream.writeAll(body)
            sentBytes += body.count
            if !body.isEmpty { tracer.recordWroteRequest(on: connection.id) }
            noteFlushed()
        } catch {
            noteBrokenWriting(error, before: body)
        }
    }

    /// - Parameter body: What was to follow.
    private func noteBrokenWriting(_ error: StreamError, before body: [UInt8]) {
        // A small request counted as written once it stood in the buffer.
        let isTold =
            switch writing {
            case .holdingBack: false
            case .body: body.isEmpty
            default: true
            }
        writing = .failed(error)
        guard !isEnded || settling != nil else { return }
        if !isTold { tracer.recordWroteRequest(Failure(error, during: .send), on: connection.id) }
        noteWritingEnded()
    }

    /// An array can be passed as the pointer: typed throws don't pass through `withUnsafeBytes`, and its closure would be
    /// asked on which executor it runs.
    private func tryWrite(_ bytes: UnsafeRawPointer, _ count: Int) throws(StreamError) -> Int {
        try connection.tryWrite(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// Sends the head and then the body as it comes.
    private func pass(_ body: RequestBodyStream, after head: [UInt8]) async {
        do {
            try await send(head)
            var rest = AnnouncedRest(of: body)
            while !isEnded, let piece = try await body.next() {
                guard !isEnded else { break }
                try rest.take(piece)
                try await send(body.length == nil ? Self.chunk(piece) : piece)
            }
            // Answered before all was asked for: whoever looks at the connection sees that it can't be used again.
            guard !isEnded || (rest.bytes == 0 && settling != nil) else { return noteWritingEnded() }
            try rest.end()
            if body.length == nil { try await send(Self.lastChunk) }
            tracer.recordWroteRequest(on: connection.id)
            noteFlushed()
        } catch let error as StreamError {
            writing = .failed(error)
            guard !isEnded || settling != nil else { return }
            tracer.recordWroteRequest(Failure(error, during: .send), on: connection.id)
            noteWritingEnded()
        } catch {
            guard !isEnded else { return noteWritingEnded() }
            // Its source failed: the server must not take what it has for the whole.
            let failure = Failure(.cancelled, phase: .send, "the request's body broke off: \(error)")
            tracer.recordWroteRequest(failure, on: connection.id)
            abort(because: failure)
        }
    }

    private func send(_ bytes: [UInt8]) async throws(StreamError) {
        try await connection.stream.writeAll(bytes)
        sentBytes += bytes.count
    }

    private static func chunk(_ piece: [UInt8]) -> [UInt8] {
        var framed: [UInt8] = []
        ChunkFraming.append(piece.span, to: &framed)
        return framed
    }

    private static let lastChunk = Array("0\r\n\r\n".utf8)

    private func noteFlushed(from start: Timestamp? = nil) {
        guard case .body = writing else { return }  // While the body is held back, only the head has gone.
        writing = .flushed
        tracer.recordFlushed(sentBytes, from: start, on: connection.id)
        noteWritingEnded()
        guard let limit = responseHeaderTimeout, head == nil else { return }
        headerTimer = loop.schedule(at: loop.now + limit) { [weak self] in
            guard let self else { return }
            let words = "no response head came within \(limit.inWords) of sending\(tracer.timesInWords)"
            abort(because: Failure(.timeout, phase: .wait, words))
        }
    }
}
