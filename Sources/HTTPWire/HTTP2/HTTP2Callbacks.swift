internal import CNgHTTP2
internal import Glibc
internal import HTTPTrace
internal import HTTPTypes

// What nghttp2 calls while it reads or makes frames. Each only notes what happened: no callback throws, and none calls the
// owner, who gets the events when nghttp2 has returned.

enum HTTP2Callbacks {
    /// The same for every session, which copies it. Never changed once made.
    nonisolated(unsafe) static let table: OpaquePointer? = {
        var table: OpaquePointer?
        nghttp2_session_callbacks_new(&table)
        nghttp2_session_callbacks_set_on_begin_frame_callback(table) { _, head, session in
            HTTP2Session.at(session).begin(head!.pointee)
            return 0
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(table) { _, frame, session in
            HTTP2Session.at(session).beginHead(frame!.pointee)
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(table) {
            _, frame, name, nameCount, value, valueCount, _, session in
            HTTP2Session.at(session).noteField(
                HTTP2StreamID(frame!.pointee.hd.stream_id), UnsafeBufferPointer(start: name, count: nameCount),
                UnsafeBufferPointer(start: value, count: valueCount))
        }
        nghttp2_session_callbacks_set_on_invalid_header_callback(table) {
            _, frame, name, nameCount, value, valueCount, _, session in
            HTTP2Session.at(session).refuseField(
                HTTP2StreamID(frame!.pointee.hd.stream_id), UnsafeBufferPointer(start: name, count: nameCount),
                UnsafeBufferPointer(start: value, count: valueCount))
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table) { _, _, stream, bytes, count, session in
            HTTP2Session.at(session).noteData(
                HTTP2StreamID(stream), UnsafeBufferPointer(start: bytes, count: count))
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(table) { _, frame, session in
            HTTP2Session.at(session).noteFrame(frame!)
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(table) { _, frame, code, session in
            HTTP2Session.at(session).noteInvalid(frame!.pointee, code)
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(table) { _, stream, code, session in
            HTTP2Session.at(session).noteClosed(HTTP2StreamID(stream), HTTP2ErrorCode(rawValue: code))
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_not_send_callback(table) { _, frame, _, session in
            HTTP2Session.at(session).noteNotSent(frame!.pointee)
            return 0
        }
        nghttp2_session_callbacks_set_error_callback2(table) { _, _, text, count, session in
            HTTP2Session.at(session).noteComplaint(text, count)
            return 0
        }
        nghttp2_session_callbacks_set_send_data_callback(table) { _, frame, head, count, _, session in
            HTTP2Session.at(session).putData(
                HTTP2StreamID(frame!.pointee.hd.stream_id), UnsafeBufferPointer(start: head, count: 9), count)
        }
        return table
    }()

    /// Lends what asks for the bytes of a body; nil for a message without one.
    static func withBodySource<Result>(
        _ hasBody: Bool, _ body: (UnsafePointer<nghttp2_data_provider>?) -> Result
    ) -> Result {
        guard hasBody else { return body(nil) }
        var provider = nghttp2_data_provider()
        provider.read_callback = { _, stream, _, limit, flags, _, session in
            HTTP2Session.at(session).offerData(HTTP2StreamID(stream), upTo: limit, flags!)
        }
        return body(&provider)
    }
}

extension HTTP2Session {
    /// The session that nghttp2 was given as its user data, alive as long as it is called back.
    fileprivate static func at(_ pointer: UnsafeMutableRawPointer?) -> HTTP2Session {
        Unmanaged<HTTP2Session>.fromOpaque(pointer!).takeUnretainedValue()
    }
}

// MARK: - Reading

extension HTTP2Session {
    fileprivate func begin(_ head: nghttp2_frame_hd) {
        if head.type == HTTP2Frame.Kind.data.rawValue {
            streams[HTTP2StreamID(head.stream_id)]?.frameBytes = 0
        }
        // The two that carry a reason are told of when it is known.
        guard observesFrames, ![.resetStream, .goAway].contains(HTTP2Frame.Kind(rawValue: head.type)) else { return }
        events.append(.frameReceived(HTTP2Frame(head)))
    }

    fileprivate func beginHead(_ frame: nghttp2_frame) {
        let id = HTTP2StreamID(frame.hd.stream_id)
        if streams[id] == nil {
            guard role == .server else { return }
            streams[id] = HTTP2Stream()
        }
        streams[id]?.gathering = HTTP2FieldBlock()
    }

    fileprivate func noteField(
        _ id: HTTP2StreamID, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
    ) -> Int32 {
        guard let stream = streams[id], stream.violation == nil, stream.gathering != nil else {
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        stream.headBytes += name.count + value.count + 32
        if stream.headBytes > limits.headBytes {
            return refuse(id, stream, WireError(.tooLarge(.headBytes)), .enhanceYourCalm)
        }
        if stream.gathering!.entries.count >= limits.fieldCount {
            return refuse(id, stream, WireError(.tooLarge(.fieldCount)), .enhanceYourCalm)
        }
        stream.gathering!.append(name, value)
        return 0
    }

    /// nghttp2 would leave out fields with forbidden characters and go on. An inspector that hides fields is none.
    fileprivate func refuseField(
        _ id: HTTP2StreamID, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
    ) -> Int32 {
        guard let stream = streams[id] else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
        var hasGoodName = !name.isEmpty
        for byte in name where !byte.isTokenCharacter { hasGoodName = false }
        // As in HTTP/1, but for the colon in front of a pseudo-field, which would end its name.
        let line = Array(name.drop { $0 == .colon }) + [.colon, .space] + value.prefix(1)
        return refuse(
            id, stream, .peer(hasGoodName ? .badFieldValue : .badFieldName, fieldLine: line.span), .protocolError)
    }

    private func refuse(
        _ id: HTTP2StreamID, _ stream: HTTP2Stream, _ error: WireError, _ code: HTTP2ErrorCode
    ) -> Int32 {
        stream.gathering = nil
        if stream.violation == nil {
            stream.violation = error
            refuse(id, code)
        }
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }

    fileprivate func noteData(_ id: HTTP2StreamID, _ bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
        receivedBytes += bytes.count
        guard let stream = streams[id], stream.violation == nil, stream.ownReset == nil, !bytes.isEmpty else {
            return 0
        }
        guard let start = input?.baseAddress, let data = bytes.baseAddress, data >= start,
            data + bytes.count <= start + input!.count
        else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
        stream.frameBytes += bytes.count
        stream.bodyBytes += Int64(bytes.count)
        events.append(.data(id, data - start..<data - start + bytes.count))
        return 0
    }

    fileprivate func noteFrame(_ pointer: UnsafePointer<nghttp2_frame>) -> Int32 {
        let frame = pointer.pointee
        let id = HTTP2StreamID(frame.hd.stream_id)
        let isAcknowledgement = frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
        switch HTTP2Frame.Kind(rawValue: frame.hd.type) {
        case .headers: noteHead(id)
        case .data: noteDataFrame(id, frame.hd)
        case .settings: events.append(isAcknowledgement ? .settingsAcknowledged : .settings(peerSettings))
        case .ping where isAcknowledgement:
            events.append(
                .pingAcknowledged(
                    withUnsafeBytes(of: frame.ping.opaque_data) { bytes in
                        UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
                    }))
        case .resetStream:
            let code = HTTP2ErrorCode(rawValue: frame.rst_stream.error_code)
            if observesFrames { events.append(.frameReceived(HTTP2Frame(frame.hd, code))) }
            streams[id]?.peerReset = code
        case .goAway: noteGoAway(frame)
        case .windowUpdate:
            events.append(.windowUpdate(id, bytes: Int(frame.window_update.window_size_increment)))
        default: break
        }
        if frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0,
            [.headers, .data].contains(HTTP2Frame.Kind(rawValue: frame.hd.type))
        {
            noteEnd(id)
        }
        return 0
    }

    private func noteHead(_ id: HTTP2StreamID) {
        guard let stream = streams[id], let block = stream.gathering.take() else { return }
        let head = HTTP2Head(block)
        if let status = head.status, status < 200 {
            if !stream.countsInterimHeads { stream.headBytes = 0 }
            return events.append(.informational(id, head))
        }
        guard head.status != nil || head.method != nil else { return events.append(.trailers(id, head.fields)) }
        stream.contentLength = head.firstValue("content-length").flatMap { Int64($0) }
        events.append(.head(id, head))
    }

    private func noteDataFrame(_ id: HTTP2StreamID, _ head: nghttp2_frame_hd) {
        guard let stream = streams[id] else { return }
        let isIdle = stream.frameBytes == 0 && head.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) == 0
        stream.emptyFrames = isIdle ? stream.emptyFrames + 1 : 0
        if stream.emptyFrames > limits.emptyFrames {
            _ = refuse(id, stream, WireError(.tooLarge(.emptyFrames)), .enhanceYourCalm)
        }
    }

    private func noteEnd(_ id: HTTP2StreamID) {
        guard let stream = streams[id], stream.violation == nil, stream.ownReset == nil else { return }
        stream.hasEnded = true
        events.append(.streamEnded(id))
    }

    private func noteGoAway(_ frame: nghttp2_frame) {
        let goAway = frame.goaway
        let code = HTTP2ErrorCode(rawValue: goAway.error_code)
        if observesFrames { events.append(.frameReceived(HTTP2Frame(frame.hd, code))) }
        let text = Array(UnsafeBufferPointer(start: goAway.opaque_data, count: goAway.opaque_data_len).prefix(81))
        events.append(
            .goAway(lastStream: HTTP2StreamID(goAway.last_stream_id), code, text: WireError.printable(text.span)))
    }

    fileprivate func noteInvalid(_ frame: nghttp2_frame, _ code: Int32) {
        guard let stream = streams[HTTP2StreamID(frame.hd.stream_id)], stream.violation == nil else { return }
        guard code == NGHTTP2_ERR_HTTP_HEADER.rawValue || code == NGHTTP2_ERR_HTTP_MESSAGING.rawValue else { return }
        stream.violation = WireError(.badMessage, evidence: complaint)
        complaint = nil
    }

    fileprivate func noteComplaint(_ text: UnsafePointer<CChar>?, _ count: Int) {
        guard let text else { return }
        let bytes = UnsafeRawBufferPointer(start: text, count: count)
        // nghttp2 says first which frame it was, which the event knows, and then the field: name: [x], value: [y]. The
        // value may be a secret.
        let words = Array(bytes)
        let start = words.indices.first { words[$0...].starts(with: Array("name: [".utf8)) } ?? 0
        let value = words[start...].indices.first { words[$0...].starts(with: Array(", value: [".utf8)) }
        complaint = WireError.printable(Array(words[start..<(value ?? words.count)]).span)
    }

    fileprivate func noteClosed(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        events.append(.streamClosed(id, stream.end(code, complaint: complaint)))
        complaint = nil
    }
}

// MARK: - Sending

extension HTTP2Session {
    fileprivate func noteNotSent(_ frame: nghttp2_frame) {
        guard frame.hd.type == HTTP2Frame.Kind.headers.rawValue, role == .client else { return }
        streams[HTTP2StreamID(frame.hd.stream_id)]?.isUnsent = true
    }

    /// How many bytes of a body the next DATA frame gets; `putData` is asked for them.
    fileprivate func offerData(_ id: HTTP2StreamID, upTo limit: Int, _ flags: UnsafeMutablePointer<UInt32>) -> Int {
        guard let stream = streams[id] else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
        let count = min(limit, stream.body.count)
        let isLast = stream.body.isEnded && count == stream.body.count
        guard count > 0 || isLast else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
        if isLast {
            flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
            if let trailers = stream.body.trailers, submitTrailers(trailers, on: id) {
                flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
            }
        }
        return count
    }

    /// Puts a DATA frame into the output, without the copy that nghttp2 would make.
    fileprivate func putData(_ id: HTTP2StreamID, _ head: UnsafeBufferPointer<UInt8>, _ count: Int) -> Int32 {
        guard let stream = streams[id] else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
        guard !output.isFull else { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
        output.append(head)
        stream.body.remove(count) { output.append($0) }
        noteSent(head)
        return 0
    }
}

// MARK: - Frames as values

extension HTTP2Frame {
    init(_ head: nghttp2_frame_hd, _ code: HTTP2ErrorCode? = nil) {
        self.init(
            type: Kind(rawValue: head.type), flags: head.flags, stream: HTTP2StreamID(head.stream_id),
            length: head.length, errorCode: code)
    }

    /// Reads a frame's head from its first bytes; nil for the client's preface.
    init?(reading bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count >= 9, !bytes.starts(with: Array("PRI * HTTP/2".utf8)) else { return nil }
        func number(at index: Int) -> UInt32 { (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[index + $1]) } }
        let kind = Kind(rawValue: bytes[3])
        var code: HTTP2ErrorCode?
        if kind == .resetStream, bytes.count >= 13 { code = HTTP2ErrorCode(rawValue: number(at: 9)) }
        if kind == .goAway, bytes.count >= 17 { code = HTTP2ErrorCode(rawValue: number(at: 13)) }
        self.init(
            type: kind, flags: bytes[4], stream: HTTP2StreamID(Int32(bitPattern: number(at: 5) & 0x7FFF_FFFF)),
            length: Int(number(at: 0) >> 8), errorCode: code)
    }
}

extension HTTP2FieldBlock {
    /// Lends the fields in nghttp2's form; it copies what it keeps.
    func withEntries<Result>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            let base = UnsafeMutablePointer(mutating: bytes.baseAddress)
            return withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: max(entries.count, 1)) { list in
                for (index, entry) in entries.enumerated() {
                    list.initializeElement(
                        at: index,
                        to: nghttp2_nv(
                            name: base.map { $0 + entry.name.lowerBound },
                            value: base.map { $0 + entry.value.lowerBound },
                            namelen: entry.name.count, valuelen: entry.value.count,
                            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
                }
                return body(UnsafeBufferPointer(rebasing: list[..<entries.count]))
            }
        }
    }
}
