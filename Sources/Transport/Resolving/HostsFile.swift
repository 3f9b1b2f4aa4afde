internal import HTTPTrace

/// The file of names, hosts(5): an address a line, and the names that it goes by.
enum HostsFile {
    /// Every address of `host`, in the order of the file, each once; empty when the file doesn't know it.
    ///
    /// - Parameter bytes: The file as it is. It is searched rather than kept as a table, since lists that block
    ///   advertisers have a hundred thousand lines, of which a session asks for a few.
    static func addresses(of host: String, in bytes: borrowing Span<UInt8>) -> [NetworkAddress] {
        var wanted = Array(host.lowercased().utf8)
        if wanted.last == UInt8(ascii: ".") { wanted.removeLast() }
        guard !wanted.isEmpty else { return [] }
        var addresses: [NetworkAddress] = []
        var start = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
            if let address = address(in: bytes, start..<end, named: wanted), !addresses.contains(address) {
                addresses.append(address)
            }
            start = end + 1
        }
        return addresses
    }

    private static func address(
        in bytes: borrowing Span<UInt8>, _ line: Range<Int>, named wanted: [UInt8]
    ) -> NetworkAddress? {
        var place = line.lowerBound
        guard let first = nextWord(in: bytes, line, from: &place) else { return nil }
        while let word = nextWord(in: bytes, line, from: &place) {
            guard word.count == wanted.count, equals(bytes, word, wanted) else { continue }
            let text = String(decoding: first.map { bytes[$0] }, as: UTF8.self)
            return SocketAddress.literal(text, port: 0)
        }
        return nil
    }

    private static func nextWord(
        in bytes: borrowing Span<UInt8>, _ line: Range<Int>, from place: inout Int
    ) -> Range<Int>? {
        while place < line.upperBound, isBlank(bytes[place]) { place += 1 }
        let start = place
        while place < line.upperBound, !isBlank(bytes[place]), bytes[place] != UInt8(ascii: "#") { place += 1 }
        return place > start ? start..<place : nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private static func equals(_ bytes: borrowing Span<UInt8>, _ word: Range<Int>, _ wanted: [UInt8]) -> Bool {
        for (index, byte) in zip(word, wanted) {
            let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(bytes[index])
            if (isCapital ? bytes[index] | 0x20 : bytes[index]) != byte { return false }
        }
        return true
    }
}
