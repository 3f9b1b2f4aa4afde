@_spi(_Unicode) internal import Swift

// Host names with letters outside ASCII, as DNS, TLS and Host carry them: each label that has one as `xn--` and what
// Punycode makes of it.
//
//   Bücher.example ──▶ lower case, NFC ──▶ bücher.example ──▶ xn--bcher-kva.example
//
// What may stand in a label is IDNA 2008's rule (RFC 5892), asked of Unicode's properties. The table of UTS 46, by which
// browsers turn more into letters (`ﬁ`, `ａ`, `。`), is not here, and what it would change is refused: a wrong guess would
// ask another host than the one that was read. So are joiners and middle dots, which depend on their neighbours.

/// Host names that are not all ASCII.
public enum InternationalName {
    /// The name in ASCII, lower case; nil where a label has characters or a length that no name may have. Labels that are
    /// ASCII already are left to the caller to judge.
    public static func ascii(_ name: some StringProtocol) -> String? {
        var labels: [String] = []
        // By scalars: as Characters, a dot and an accent behind it are one.
        for label in name.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false) {
            let text = String(String.UnicodeScalarView(label)).lowercased()
            guard !text.utf8.allSatisfy({ $0 < 0x80 }) else {
                labels.append(text)
                continue
            }
            guard let encoded = encode(label: text) else { return nil }
            labels.append(encoded)
        }
        return labels.joined(separator: ".")
    }

    private static func encode(label: String) -> String? {
        let scalars = Array(label._nfc)
        guard scalars.count < labelLimit, scalars.allSatisfy(mayStandInLabel), let first = scalars.first,
            !isMark(first), first != "-", scalars.last != "-",
            // Kept for labels that are encoded already, in this way or one to come.
            scalars.count < 4 || scalars[2] != "-" || scalars[3] != "-"
        else { return nil }
        let encoded = "xn--" + Punycode.encode(scalars)
        return encoded.utf8.count <= labelLimit ? encoded : nil
    }

    // RFC 1035 §2.3.4.
    private static let labelLimit = 63

    /// RFC 5892 §2, of a label in lower case and NFC: letters, digits and marks that no folding changes.
    private static func mayStandInLabel(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "-" }
        switch scalar.value {
        // §2.6: letters of their own since IDNA 2008, ß and the final sigma before all.
        case 0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007: return true
        // §2.6 and §2.9: Arabic and Nko lengthening, Hangul tones, kana repeats, old Hangul.
        case 0x640, 0x7FA, 0x302E, 0x302F, 0x3031...0x3035, 0x303B, 0x1100...0x11FF, 0xA960...0xA97F, 0xD7B0...0xD7FF:
            return false
        default: break
        }
        let properties = scalar.properties
        guard !properties.changesWhenNFKCCaseFolded, !properties.isDefaultIgnorableCodePoint else { return false }
        switch properties.generalCategory {
        case .lowercaseLetter, .otherLetter, .modifierLetter, .decimalNumber, .nonspacingMark, .spacingMark: return true
        default: return false
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }
}

/// Text in the letters, digits and hyphens of ASCII (RFC 3492).
enum Punycode {
    /// The text in Punycode, without a prefix (§6.3). What of it is ASCII comes first, as it is.
    ///
    /// - Parameter scalars: Some dozens: what takes their number squared in steps has no limit of its own.
    static func encode(_ scalars: [Unicode.Scalar]) -> String {
        var output = ""
        for scalar in scalars where scalar.isASCII { output.unicodeScalars.append(scalar) }
        let basic = output.unicodeScalars.count
        if basic > 0 { output += "-" }
        var (code, delta, bias, handled) = (128, 0, 72, basic)
        while let next = scalars.lazy.map({ Int($0.value) }).filter({ $0 >= code }).min() {
            delta += (next - code) * (handled + 1)
            code = next
            for scalar in scalars {
                if scalar.value < code { delta += 1 }
                guard scalar.value == code else { continue }
                append(delta, bias: bias, to: &output)
                bias = adapted(delta, count: handled + 1, isFirst: handled == basic)
                delta = 0
                handled += 1
            }
            delta += 1
            code += 1
        }
        return output
    }

    /// A number of variable length, its last digit below a threshold that tells it from the others.
    private static func append(_ number: Int, bias: Int, to output: inout String) {
        var (rest, place) = (number, 36)
        while true {
            let threshold = min(max(place - bias, 1), 26)
            guard rest >= threshold else { break }
            append(digit: threshold + (rest - threshold) % (36 - threshold), to: &output)
            rest = (rest - threshold) / (36 - threshold)
            place += 36
        }
        append(digit: rest, to: &output)
    }

    /// `a` to `z`, then `0` to `9`.
    private static func append(digit: Int, to output: inout String) {
        let first = digit < 26 ? UInt8(ascii: "a") : UInt8(ascii: "0") - 26
        output.unicodeScalars.append(Unicode.Scalar(first + UInt8(digit)))
    }

    /// §6.1: the next number is about as large as this one.
    private static func adapted(_ delta: Int, count: Int, isFirst: Bool) -> Int {
        var rest = isFirst ? delta / 700 : delta / 2
        rest += rest / count
        var bias = 0
        while rest > 455 {
            rest /= 35
            bias += 36
        }
        return bias + 36 * rest / (rest + 38)
    }
}
