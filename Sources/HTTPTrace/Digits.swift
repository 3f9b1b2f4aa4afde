// Numbers as people and peers write them, and nothing else that Swift would read as well: no signs, exponents,
// hexadecimals, infinities. `+80` is no port, neither here nor for whoever reads it after us.

extension FixedWidthInteger {
    /// Reads decimal digits; nil for anything else, and for what is too large.
    package init?(digits text: some StringProtocol) {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        self.init(text, radix: 10)
    }
}

extension Double {
    /// Reads decimal digits with at most one point; nil for anything else.
    package init?(decimal text: some StringProtocol) {
        let isDecimal = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
        }
        guard isDecimal else { return nil }
        self.init(text)
    }
}
