extension CursesTerminal {
    /// The most bytes copied: xterm and tmux take about 100 kB of OSC 52, and base64 adds a third.
    public static var copyLimit: Int { 74_994 }

    /// Puts `text` into the clipboard of the terminal, also over ssh (OSC 52).
    ///
    /// Terminals do not say whether they obeyed. Nothing in `text` can reach the terminal as a command: it travels as
    /// base64.
    ///
    /// - Returns: Whether it was sent; `false` when it is longer than `copyLimit` bytes.
    public func copy(_ text: String) -> Bool {
        guard state == .onScreen, text.utf8.count <= CursesTerminal.copyLimit else { return false }
        send("\u{1B}]52;c;" + Base64.encode(text.utf8) + "\u{07}")
        return true
    }
}

/// RFC 4648 §4; here because Foundation would cost megabytes for this one function.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        var encoded: [UInt8] = []
        encoded.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            bits <<= UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                let isPadding = index > group.count
                encoded.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)])
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
