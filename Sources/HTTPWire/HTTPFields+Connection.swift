package import HTTPTypes

extension HTTPFields {
    /// Whether a Connection field has the option `close` (RFC 9112 §9.6).
    package var asksToClose: Bool {
        // Most messages that are sent have no fields of their own, or none of this name.
        guard !isEmpty else { return false }
        var closes = false
        for value in self[values: .connection] {
            value.utf8.span.forEachListElement { if $0.isWord("close") { closes = true } }
        }
        return closes
    }
}
