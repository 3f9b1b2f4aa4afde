import HTTPTrace
import Sessions
import Transport

// Bodies become captures here: the first bytes are kept, all are counted and digested. On the global executor, since
// digesting a gigabyte takes a second that neither the network nor the screen has.

/// Makes captures of the pieces it is given.
struct BodyCollector {
    /// How much of each body is kept.
    let limit: Int
    private var open: [TraceBatch.BodyOwner: Partial] = [:]

    // A class since a digest can't be copied, and a dictionary's values must be.
    private final class Partial {
        var kept: [UInt8] = []
        var total = 0
        var digest = SHA256Digest()
    }

    init(keeping limit: Int) { self.limit = limit }

    /// Takes in a piece.
    ///
    /// - Returns: The capture, when this was the last piece.
    mutating func add(_ piece: TraceBatch.BodyPiece) -> BodyCapture? {
        let partial = open.removeValue(forKey: piece.owner) ?? Partial()
        partial.total += piece.bytes.count
        partial.kept += piece.bytes.prefix(max(limit - partial.kept.count, 0))
        piece.bytes.withUnsafeBytes { partial.digest.update($0) }
        guard piece.isLast else {
            open[piece.owner] = partial
            return nil
        }
        return BodyCapture(bytes: partial.kept, totalBytes: partial.total, sha256: partial.digest.finish().hexadecimal)
    }
}

extension [UInt8] {
    /// Two lower-case digits a byte.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
