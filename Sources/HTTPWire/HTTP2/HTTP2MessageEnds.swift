public import HTTPTrace

/// Finds the last frame of each message among those that one side sends.
public struct HTTP2MessageEnds: Sendable {
    /// Whether the message ends with the head that is being sent. CONTINUATION frames don't say it, and nothing comes
    /// between a head's frames (RFC 9113 §4.3).
    private var endsWithHead = false

    public init() {}

    /// Whether a message is complete with `frame`. To be asked once of every frame that carries heads or data, in their
    /// order.
    public mutating func isLast(_ frame: HTTP2Frame) -> Bool {
        if frame.type == .headers { endsWithHead = frame.endsStream }
        return frame.type == .data ? frame.endsStream : endsWithHead && frame.endsHead
    }
}
