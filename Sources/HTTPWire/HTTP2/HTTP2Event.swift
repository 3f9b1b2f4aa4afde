public import HTTPTrace
public import HTTPTypes

/// What a session learned or did. Those of one stream come in this order; its last is always `streamClosed`, once:
///
///      informational* ──▶ head ──▶ data* ──▶ trailers? ──▶ streamEnded ──▶ streamClosed
public enum HTTP2Event: Equatable, Sendable {
    // MARK: a stream

    /// A 1xx, before the head.
    case informational(HTTP2StreamID, HTTP2Head)
    /// The head of the response, or of the request: with this a server learns of the stream.
    case head(HTTP2StreamID, HTTP2Head)
    /// Body bytes: a range of the bytes passed to this call of `receive`, never empty. Whoever has used them says so by
    /// `consumed`, and only then the peer may send more.
    case data(HTTP2StreamID, Range<Int>)
    case trailers(HTTP2StreamID, HTTPFields)
    /// The peer's message is complete. Our own may still be on its way.
    case streamEnded(HTTP2StreamID)
    /// Nothing more comes or goes on this stream.
    case streamClosed(HTTP2StreamID, HTTP2StreamEnd)

    // MARK: the connection

    /// The peer's settings, in force from now on.
    case settings(HTTP2Settings)
    case settingsAcknowledged
    /// The peer answered a `ping`, named by its eight bytes.
    case pingAcknowledged(UInt64)
    /// The peer will do nothing about streams of ours after `lastStream`; those are closed as `.unprocessed`. It may come
    /// again, with a lower number.
    case goAway(lastStream: HTTP2StreamID, HTTP2ErrorCode, text: String)
    /// The peer lets us send this many bytes more, on a stream or on the connection.
    case windowUpdate(HTTP2StreamID, bytes: Int)
    /// The connection is no longer of use: what the peer did wrong. The peer has been told (GOAWAY) as far as that is
    /// possible. Streams still open are not closed one by one.
    case failed(WireError)

    // MARK: frames

    /// Only when the session observes frames. Before the event that the frame leads to.
    case frameReceived(HTTP2Frame)
    /// A frame stands in the output; `end` is where it ends, counted in bytes from the connection's first.
    case frameSent(HTTP2Frame, end: Int)
}

/// How a stream came to its end.
public enum HTTP2StreamEnd: Equatable, Sendable {
    /// Both messages were complete.
    case complete
    /// RST_STREAM. From the peer, `REFUSED_STREAM` says that nothing was done for the request.
    case reset(HTTP2ErrorCode, by: HTTP2Side)
    /// What the peer sent is no HTTP message (RFC 9113 §8.1.1). It was reset.
    case malformed(WireError)
    /// The request was never sent, or the peer said (GOAWAY) that it did nothing about it: it may be sent again.
    case unprocessed
}

/// The two ends of a connection, as one of them sees them.
public enum HTTP2Side: String, Equatable, Sendable { case us, peer }

/// What a session is at.
public enum HTTP2Role: String, Equatable, Sendable { case client, server }
