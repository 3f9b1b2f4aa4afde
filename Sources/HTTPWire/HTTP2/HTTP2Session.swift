internal import CNgHTTP2
public import HTTPTrace
public import HTTPTypes

// One end of an HTTP/2 connection, client or server, without I/O: bytes of the peer go in, events come out; what is
// submitted becomes frames, which wait in the output until somebody takes them.
//
//                        receive                      submit, write, reset, ping …
//      peer's bytes ──────────────▶ ┌─────────┐ ◀──────────────────────────── owner
//                                   │ nghttp2 │
//      our bytes    ◀────────────── └─────────┘ ────────────────────────────▶ [HTTP2Event]
//                    withOutput         ▲                from receive and from fill
//                                       └── fill: frames of what was submitted, as far as windows allow
//
// The owner calls `fill` after everything it submits and after every `receive`, since bytes of the peer lead to answers too.
// Nothing is thrown into C: callbacks keep what went wrong, and an event tells.

/// Frames and streams of one HTTP/2 connection. Used by one thread at a time; any will do.
public final class HTTP2Session {
    public let role: HTTP2Role
    let limits: HTTP2Limits
    /// Whether `frameReceived` and `frameSent` are wanted of all frames; `frameSent` always tells of a message's own, by
    /// which its sender knows how far it is.
    public var observesFrames = false
    /// Why the connection is of no use any more; nil as long as it is.
    public internal(set) var failure: WireError?

    private var handle: OpaquePointer!
    /// Streams that are open, or were opened by us and not sent yet.
    var streams: [HTTP2StreamID: HTTP2Stream] = [:]
    /// Gathered since the last call returned.
    var events: [HTTP2Event] = []
    var output = HTTP2Output()
    /// The bytes of the present `receive`.
    var input: UnsafeBufferPointer<UInt8>?
    /// Body bytes of the present `receive`, for the connection's window.
    var receivedBytes = 0
    /// nghttp2's words about the last thing it disliked.
    var complaint: String?
    /// Whether a GOAWAY with an error is ours.
    var isTerminating = false

    /// Its settings stand in the output, after `fill`.
    public init(_ role: HTTP2Role, limits: HTTP2Limits = .standard) {
        self.role = role
        self.limits = limits
        let options = Self.makeOptions(role, limits)
        defer { nghttp2_option_del(options) }
        let this = Unmanaged.passUnretained(self).toOpaque()
        let result =
            role == .client
            ? nghttp2_session_client_new2(&handle, HTTP2Callbacks.table, this, options)
            : nghttp2_session_server_new2(&handle, HTTP2Callbacks.table, this, options)
        precondition(result == 0, "nghttp2 has no memory for a session")
        submitSettings()
    }

    deinit { nghttp2_session_del(handle) }

    private static func makeOptions(_ role: HTTP2Role, _ limits: HTTP2Limits) -> OpaquePointer? {
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        // Windows open when the reader has taken its bytes, not when they arrive.
        nghttp2_option_set_no_auto_window_update(options, 1)
        // Closed streams would be kept for a priority tree that RFC 9113 §5.3.1 gave up.
        nghttp2_option_set_no_closed_streams(options, 1)
        // What a server pushes before it knows that we want none is refused one by one; after that it is an error.
        nghttp2_option_set_max_reserved_remote_streams(options, 0)
        nghttp2_option_set_max_send_header_block_length(options, limits.headBytes)
        nghttp2_option_set_max_continuations(options, limits.continuations)
        nghttp2_option_set_max_outbound_ack(options, limits.queuedControlFrames)
        nghttp2_option_set_stream_reset_rate_limit(
            options, UInt64(limits.resets), UInt64(limits.resetsPerSecond))
        // Blanks around a value, which servers do send, are kept out of it rather than the whole field. A server is
        // stricter: what it lets pass, others may read differently.
        if role == .client { nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options, 1) }
        return options
    }

    private func submitSettings() {
        var entries = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                value: UInt32(limits.concurrentStreams)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(limits.streamWindowBytes)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: UInt32(limits.headBytes)),
        ]
        switch role {
        case .client:
            // Pushed responses are nobody's request.
            entries.append(
                nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0))
        case .server:
            entries.append(
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), value: 1))
        }
        nghttp2_submit_settings(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
        nghttp2_session_set_local_window_size(
            handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(limits.connectionWindowBytes))
    }
}

// MARK: - Bytes of the peer

extension HTTP2Session {
    /// Takes in what the peer sent. After `failed` nothing more is taken in.
    public func receive(_ bytes: Span<UInt8>) -> [HTTP2Event] {
        guard failure == nil else { return [] }
        receivedBytes = 0
        bytes.withUnsafeBufferPointer { input in
            self.input = input
            defer { self.input = nil }
            let count = nghttp2_session_mem_recv(handle, input.baseAddress, input.count)
            if count < 0 { fail(code: Int32(count)) }
        }
        // Given back at once, so that a reader who sleeps stops no other stream. Its own window stops its own.
        if receivedBytes > 0 { nghttp2_session_consume_connection(handle, receivedBytes) }
        if owesTooMuch { fail(WireError(.tooLarge(.controlFrames)), telling: .enhanceYourCalm) }
        return takeEvents()
    }

    /// The reader of a stream has used this many of its body bytes: the peer may send as many more.
    public func consumed(_ count: Int, of stream: HTTP2StreamID) {
        guard count > 0, streams[stream] != nil else { return }
        nghttp2_session_consume_stream(handle, stream.number, count)
    }

    /// Whether the peer may send no more of a stream's body until its reader takes some.
    public func isWindowShut(of stream: HTTP2StreamID) -> Bool {
        guard streams[stream] != nil else { return false }
        let window = nghttp2_session_get_stream_effective_local_window_size(handle, stream.number)
        return nghttp2_session_get_stream_effective_recv_data_length(handle, stream.number) >= window
    }

    private var owesTooMuch: Bool {
        failure == nil
            && nghttp2_session_get_outbound_queue_size(handle) > limits.queuedControlFrames + 2 * streams.count
    }

    /// Ends the session because nghttp2 can't go on.
    private func fail(code: Int32) {
        let (kind, answer): (WireError.Kind, HTTP2ErrorCode) =
            switch code {
            case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue: (.notHTTP, .protocolError)
            case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue: (.tooLarge(.headBytes), .enhanceYourCalm)
            case NGHTTP2_ERR_FLOODED.rawValue: (.tooLarge(.controlFrames), .enhanceYourCalm)
            default: (.http2(.internalError), .internalError)
            }
        fail(WireError(kind, evidence: evidence(of: code)), telling: answer)
    }

    private func fail(_ error: WireError, telling code: HTTP2ErrorCode) {
        guard failure == nil else { return }
        failure = error
        isTerminating = true
        nghttp2_session_terminate_session(handle, code.rawValue)
        events.append(.failed(error))
    }

    private func evidence(of code: Int32) -> String? {
        let words = complaint
        complaint = nil
        return words ?? nghttp2_strerror(code).map { String(cString: $0) }
    }

    func takeEvents() -> [HTTP2Event] {
        defer { events = [] }
        return events
    }
}

// MARK: - Bytes for the peer

extension HTTP2Session {
    /// Makes frames of what was submitted, until about 64 KiB wait in the output. Call it again when some were taken.
    public func fill() -> [HTTP2Event] {
        while !output.isFull {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(handle, &bytes)
            if count < 0 { fail(code: Int32(count)) }
            guard count > 0, let bytes else { break }
            output.append(UnsafeBufferPointer(start: bytes, count: count))
            noteSent(UnsafeBufferPointer(start: bytes, count: count))
        }
        return takeEvents()
    }

    public var hasOutput: Bool { !output.isEmpty }

    /// Lends the bytes for the peer to `send`, which says how many of them it took.
    public func withOutput<Problem>(
        _ send: (UnsafeRawBufferPointer) throws(Problem) -> Int
    ) throws(Problem) { try output.lend(to: send) }

    /// How many bytes were taken from the output since the connection began: what lies before is with the kernel.
    public var takenBytes: Int { output.taken }

    /// A whole frame, or the client's preface, has been put into the output.
    func noteSent(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let frame = HTTP2Frame(reading: bytes) else { return }
        if frame.type == .goAway, let code = frame.errorCode, code != .noError, !isTerminating, failure == nil {
            // nghttp2 found the peer at fault.
            let error = WireError(.http2(code), evidence: complaint)
            failure = error
            events.append(.failed(error))
        }
        let isOfMessage = [.headers, .continuation, .data].contains(frame.type)
        if observesFrames || isOfMessage { events.append(.frameSent(frame, end: output.end)) }
    }
}

// MARK: - What the owner asks for

extension HTTP2Session {
    /// The peer's settings as they are now.
    public var peerSettings: HTTP2Settings {
        func value(_ id: nghttp2_settings_id) -> UInt32 { nghttp2_session_get_remote_settings(handle, id) }
        var settings = HTTP2Settings()
        settings.headerTableBytes = value(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE)
        let streams = value(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
        settings.concurrentStreams = streams == .max ? nil : streams
        settings.streamWindowBytes = Int32(clamping: value(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE))
        settings.frameBytes = value(NGHTTP2_SETTINGS_MAX_FRAME_SIZE)
        let head = value(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE)
        settings.headBytes = head == .max ? nil : head
        return settings
    }

    /// Streams that are open.
    public var openStreams: Int { streams.count }

    /// Whether frames may still come or go: false after the last stream of a connection that was told to go away.
    public var isOfUse: Bool { nghttp2_session_want_read(handle) != 0 || nghttp2_session_want_write(handle) != 0 }

    /// Opens a stream with a request. With a body, `write` gives it.
    ///
    /// - Parameter countsInterimHeads: Whether the heads of interim responses count against the limit together; else each
    ///   has it for itself, for somebody who takes note of them and can end the request.
    /// - Throws: `noMoreStreams`, when the connection can't open any more; `tooLarge` for a head that no peer takes.
    public func submit(
        _ request: HTTP2RequestHead, countsInterimHeads: Bool = true
    ) throws(WireError) -> HTTP2StreamID {
        precondition(role == .client, "a server sends no requests")
        guard failure == nil else { throw WireError(.noMoreStreams, fault: .ours) }
        guard request.block.size <= limits.headBytes else { throw WireError(.tooLarge(.headBytes), fault: .ours) }
        let number = request.block.withEntries { entries in
            HTTP2Callbacks.withBodySource(request.hasBody) { source in
                nghttp2_submit_request(handle, nil, entries.baseAddress, entries.count, source, nil)
            }
        }
        guard number > 0 else { throw WireError(.noMoreStreams, fault: .ours) }
        let stream = HTTP2StreamID(number)
        streams[stream] = HTTP2Stream(countsInterimHeads: countsInterimHeads)
        return stream
    }

    /// Sends a 1xx before the response's own head. Nothing happens when the stream is gone.
    public func submitInformational(_ head: HTTP2ResponseHead, on stream: HTTP2StreamID) {
        guard streams[stream] != nil else { return }
        head.block.withEntries { entries in
            _ = nghttp2_submit_headers(
                handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.number, nil, entries.baseAddress, entries.count, nil)
        }
    }

    /// Answers a request. With a body, `write` gives it. Nothing happens when the stream is gone.
    public func submit(_ response: HTTP2ResponseHead, hasBody: Bool, on stream: HTTP2StreamID) {
        guard streams[stream] != nil else { return }
        response.block.withEntries { entries in
            HTTP2Callbacks.withBodySource(hasBody) { source in
                _ = nghttp2_submit_response(handle, stream.number, entries.baseAddress, entries.count, source)
            }
        }
    }

    /// Gives body bytes, which are sent as far as the peer's windows allow. Nothing happens when the stream is gone.
    ///
    /// - Parameter ends: These are the last, unless `trailers` follow.
    public func write(_ bytes: [UInt8], ends: Bool, trailers: HTTPFields? = nil, on stream: HTTP2StreamID) {
        guard let state = streams[stream] else { return }
        precondition(!state.body.isEnded, "a body goes on after its end on \(stream)")
        state.body.append(bytes)
        if ends { state.body.end(trailers: trailers) }
        nghttp2_session_resume_data(handle, stream.number)
    }

    /// Body bytes given and not yet in the output: a writer who waits until they are few fills no memory.
    public func unsentBytes(of stream: HTTP2StreamID) -> Int { streams[stream]?.body.count ?? 0 }

    /// Ends a stream at once. Nothing happens when it is gone.
    public func reset(_ stream: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        guard let state = streams[stream], state.ownReset == nil else { return }
        state.ownReset = code
        nghttp2_submit_rst_stream(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.number, code.rawValue)
    }

    /// Asks the peer for a sign of life: `pingAcknowledged` tells of its answer.
    public func ping(_ data: UInt64) {
        withUnsafeBytes(of: data.bigEndian) { bytes in
            _ = nghttp2_submit_ping(
                handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// Says that nothing is done about streams of the peer beyond those already known.
    ///
    /// - Parameter code: Other than `noError`, it also says what the peer did wrong.
    public func goAway(_ code: HTTP2ErrorCode = .noError) {
        isTerminating = true
        nghttp2_submit_goaway(
            handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(handle), code.rawValue,
            nil, 0)
    }

    /// Tells a client that the server will go away soon: streams on their way are still taken, until `goAway` (RFC 9113
    /// §6.8).
    public func announceGoAway() {
        precondition(role == .server, "a client just stops asking")
        nghttp2_submit_shutdown_notice(handle)
    }

    /// Sends the trailers of a body that has ended. Called by nghttp2 while it fetches the body.
    ///
    /// - Returns: False when there are none to send: the body's end is the stream's then.
    func submitTrailers(_ fields: HTTPFields, on stream: HTTP2StreamID) -> Bool {
        var block = HTTP2FieldBlock()
        for field in fields {
            let alone = HTTPFields([field])
            // A field that can't be sent is left out: the body before it has gone.
            do throws(WireError) { try ChunkFraming.check(trailers: alone) } catch { continue }
            do throws(WireError) { try block.appendFields(alone, leavingOut: nil) } catch {
                preconditionFailure("\(field.name) may be a trailer and can't be one")
            }
        }
        guard !block.entries.isEmpty else { return false }
        block.withEntries { _ = nghttp2_submit_trailer(handle, stream.number, $0.baseAddress, $0.count) }
        return true
    }

    /// Resets a stream from within a callback.
    func refuse(_ stream: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        nghttp2_submit_rst_stream(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.number, code.rawValue)
    }
}
