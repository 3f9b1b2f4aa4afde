public import HTTPTypes

/// The head of a response to be sent over HTTP/2, interim ones (1xx) included.
public struct HTTP2ResponseHead: Sendable {
    let block: HTTP2FieldBlock

    /// - Parameter fields: Those that are about an HTTP/1 connection are left out.
    /// - Throws: `badStatusLine`, `badFieldName`, `badFieldValue`, `ours`.
    public init(status: Int, fields: HTTPFields) throws(WireError) {
        // 101 is HTTP/1's (RFC 9113 §8.6).
        guard 100...999 ~= status, status != 101 else { throw .ours(.badStatusLine, String(status)) }
        var block = HTTP2FieldBlock()
        try block.append(":status", String(status), else: .badStatusLine)
        try block.appendFields(fields, leavingOut: nil)
        self.block = block
    }
}
