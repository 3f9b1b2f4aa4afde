internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// All ways in which a connection ends. The first reason given is the one reported.

extension ServerConnection {
    /// Ends the connection at once, from wherever. The task that serves it is cancelled, and reports `closed` when it
    /// has stopped.
    func end(_ reason: ServerCloseReason) {
        guard machine.state != .hijacked else { return }
        closeReason = closeReason ?? reason
        task?.cancel()
        stream.close()
        tcp.close()
    }

    /// For a server that shuts down: ends the connection unless a request has begun to arrive or is being answered.
    func stopIfIdle(_ reason: ServerCloseReason) {
        if let http2 { return stop(http2, reason) }
        if machine.state == .idle, machine.isResting { end(reason) }
    }

    private func stop(_ conversation: HTTP2Conversation, _ reason: ServerCloseReason) {
        if machine.state == .idle { conversation.finish(because: reason) } else { conversation.goAway(because: reason) }
    }

    /// As `stopIfIdle`, for a connection on which no request has begun in its time, as `waiting` tells. A TLS handshake is
    /// none.
    func stopIfUntouched() {
        guard case .untouched(let deadline)? = waiting(untouchedUntil: .zero)?.reason else { return }
        if deadline <= EventLoop.shared.now { end(.serverStopped) }
    }

    func end(because error: StreamError) {
        end(error.isReset ? .clientGone : .broken(error.description))
    }

    /// Closes so that the client can read the response to its end.
    func close(because reason: ServerCloseReason) async {
        closeReason = closeReason ?? reason
        stream.closeWrite()
        if current?.requestEnd == nil || input.restCount > 0 { await linger() }
        end(reason)
    }

    /// Takes and drops what the client still sends, until it closes or the time is up: bytes that arrive at a closed
    /// socket are answered with a reset, and that would destroy a response which the client has not read yet (RFC 9112
    /// §9.6).
    private func linger() async {
        watchdog.watch(.body, for: timeouts.linger)
        while !input.isEnd, machine.state != .closed {
            do {
                try input.discard(from: stream)
                if !input.isEnd { try await stream.readable() }
            } catch {
                return
            }
        }
    }

    /// Answers a request that no handler sees, and closes.
    ///
    /// - Parameter method: Of the request, where its head could be read: HEAD gets no body.
    func refuse(_ status: HTTPResponse.Status, _ words: String, to method: HTTPRequest.Method = .get) async {
        let reason = closeReason ?? .refused(status, words)
        closeReason = nil
        let body = Array("\(words)\n".utf8)
        let response = HTTPResponse(
            status: status, headerFields: [.contentType: "text/plain; charset=utf-8", .connection: "close"])
        let start = output.waiting.count
        // Fields of our own making: appending them can't fail.
        try? output.append { buffer throws(WireError) in
            try HTTP1ResponseHead(response, body: .length(Int64(body.count)), to: method).append(to: &buffer)
        }
        if let underWay, server.isObserved {
            let head = Array(output.waiting.dropFirst(start))
            record(.responseHead(ResponseHead(response, as: .http11, bytes: head)), of: underWay)
        }
        if method != .head { output.append { $0.append(contentsOf: body) } }
        let sentBefore = stream.bytesSent
        let isWhole = (try? await flush()) != nil
        if let underWay {
            if stream.bytesSent > sentBefore { record(.responseFirstByte, of: underWay) }
            // So short that the kernel takes it whole or not at all.
            let sentBytes = isWhole && method != .head ? body.count : 0
            record(isWhole ? .responseLastByte(bytes: sentBytes) : .responseBroken(bytes: 0), of: underWay)
        }
        await close(because: reason)
    }

    /// For whoever typed `http:` with a port that speaks TLS; most clients that are no TLS at all are that. As Go does.
    func sayThatThisIsTLS() {
        output.append {
            $0.append(contentsOf: "HTTP/1.0 400 Bad Request\r\n\r\nThis port speaks TLS: use https.\n".utf8)
        }
        _ = try? output.write(to: tcp)
        tcp.closeWrite()
    }

    func timedOut(_ wait: ServerWait) {
        if let http2 { return http2.timedOut(wait) }
        // Some of a request was there, so somebody may be waiting for an answer. There is no time to wait in turn.
        if wait == .head, input.isMidMessage {
            output.append {
                $0.append(
                    contentsOf: "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".utf8)
            }
            _ = try? output.write(to: stream)
            stream.closeWrite()
        }
        end(.timedOut(wait))
    }

    /// Closes in the middle of things, without TLS's own end (close_notify) either: nobody shall take it for a proper
    /// one.
    func abort(_ reason: ServerCloseReason) {
        tcp.close()
        end(reason)
    }

    /// Closes with a TCP reset.
    func reset() {
        tcp.reset()
        end(.handlerClosed)
    }

    /// Gives the stream away: nothing here touches it any more.
    func handOver() -> (stream: any ByteStream, received: [UInt8]) {
        stream.onReadableWhileIdle = nil
        watchdog.stop()
        writeWait?.stop()
        report(machine.hijacked())
        // Now, not when the handler returns: a tunnel may be open for days, and a shutdown does not wait for it.
        server.forget(self)
        let request = underWay.take()
        let followed = HijackedStream(stream) { [server, id, tcp] in
            server.record(.requestFinished(nil), of: id, request)
            server.record(
                .closed(.hijackEnded, received: tcp.bytesReceived, sent: tcp.bytesSent), of: id)
        }
        return (followed, input.takeRest())
    }

    /// The task's last act.
    func finish() {
        watchdog.stop()
        writeWait?.stop()
        if machine.state != .hijacked { end(.serverStopped) }
        finishRequest(closeReason?.failure)
        report(machine.closed())
        http2 = nil
        server.forget(self)
    }

    /// Tells Go's callback, the observer and the gauge.
    func report(_ state: ConnectionState?) {
        guard let state else { return }
        let now = EventLoop.shared.now
        server.gauge.enter(state, from: lastReported.map { ($0, now - stateSince) })
        (lastReported, stateSince) = (state, now)
        if state == .closed, let closeReason {
            record(.closed(closeReason, received: tcp.bytesReceived, sent: tcp.bytesSent))
        } else {
            record(.state(state))
        }
        server.connectionState?(
            ServerConnectionChange(
                connection: id, state: state, time: now, client: tcp.remoteAddress,
                closeReason: state == .closed ? closeReason : nil))
    }

    func record(_ event: @autoclosure () -> ServerEvent, of request: ServerRequestID? = nil) {
        server.record(event(), of: id, request)
    }

    /// Why a shutdown would wait for this connection; nil when it would close it at once.
    ///
    /// - Parameter deadline: Until when one that has sent nothing is spared, if its handshake was over by then.
    func waiting(untouchedUntil deadline: Timestamp) -> ServerWaiting? {
        let reason: ServerWaiting.Reason
        switch machine.state {
        case .new where underWay != nil: reason = .readingHead
        case .new where scheme == .https && !isSecured: reason = .handshaking
        // After its handshake it has as much time as others have from the shutdown's beginning.
        case .new: reason = .untouched(until: max(deadline, (securedAt ?? .zero) + timeouts.untouched))
        case .idle where machine.isResting || http2 != nil: return nil
        case .idle: reason = .readingHead
        case .active where http2 != nil:
            let running = http2?.running ?? []
            reason =
                running.first.map {
                    .answering(running.count, oldest: "\($0.method.rawValue) \($0.target)")
                } ?? .closing
        case .active:
            reason = current.map { .answering(1, oldest: "\($0.head.method.rawValue) \($0.head.target)") } ?? .closing
        case .hijacked, .closed: return nil
        }
        return ServerWaiting(connection: id, client: tcp.remoteAddress, reason: reason, since: stateSince)
    }
}
