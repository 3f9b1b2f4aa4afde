/// Builds a `SafeText` character by character.
struct SafeTextWriter {
    private var string = ""
    private var width = 0
    private var marksOnLast = 0
    private let tabWidth: Int?

    init(tabWidth: Int?) { self.tabWidth = tabWidth }

    var text: SafeText { SafeText(checked: string, width: width) }

    mutating func append(_ scalar: Unicode.Scalar) {
        switch TextWidth.visibility(of: scalar) {
        case .narrow: appendVisible(scalar, columns: 1)
        case .wide: appendVisible(scalar, columns: 2)
        case .mark where !string.isEmpty && marksOnLast < Glyph.markLimit:
            string.unicodeScalars.append(scalar)
            marksOnLast += 1
        case .mark: appendWrittenOut(SafeTextWriter.name(of: scalar))
        case .hidden:
            if scalar == "\t", let tabWidth, tabWidth > 0 {
                appendWrittenOut(String(repeating: " ", count: tabWidth - width % tabWidth))
            } else {
                appendWrittenOut(SafeTextWriter.name(of: scalar))
            }
        }
    }

    private mutating func appendVisible(_ scalar: Unicode.Scalar, columns: Int) {
        string.unicodeScalars.append(scalar)
        width += columns
        marksOnLast = 0
    }

    private mutating func appendWrittenOut(_ ascii: String) {
        string += ascii
        width += ascii.utf8.count
        marksOnLast = 0
    }

    /// Appends UTF-8, and what is not UTF-8 byte by byte.
    mutating func append(bytes: [UInt8]) {
        var index = 0
        while index < bytes.count {
            let length = SafeTextWriter.sequenceLength(bytes[index...])
            guard length > 0 else {
                let digits = String(bytes[index], radix: 16, uppercase: true)
                appendWrittenOut("\\x" + (digits.count == 1 ? "0" : "") + digits)
                index += 1
                continue
            }
            for scalar in String(decoding: bytes[index..<index + length], as: UTF8.self).unicodeScalars {
                append(scalar)
            }
            index += length
        }
    }

    /// The bytes of the character at the start of `bytes`; 0 when there is none (Unicode table 3-7: no overlong forms,
    /// no surrogates, nothing past U+10FFFF).
    private static func sequenceLength(_ bytes: ArraySlice<UInt8>) -> Int {
        guard let first = bytes.first else { return 0 }
        let second: ClosedRange<UInt8>
        let length: Int
        switch first {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return 0
        }
        let rest = bytes.dropFirst().prefix(length - 1)
        guard rest.count == length - 1, let next = rest.first, second.contains(next) else { return 0 }
        return rest.dropFirst().allSatisfy { (0x80...0xBF).contains($0) } ? length : 0
    }

    /// `^[` for the control characters keyboards have, `<U+202E>` for the rest.
    private static func name(of scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0...0x1F, 0x7F: return "^" + String(Unicode.Scalar(UInt8(scalar.value ^ 0x40)))
        default:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "<U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ">"
        }
    }
}
