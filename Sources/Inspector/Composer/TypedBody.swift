// A body as curl's options put it together: `-d` and its kin joined by `&`, or the parts of a form by `-F`.

/// The body of a probe line, half read.
struct TypedBody {
    /// Nil without any of `-d` and its kin.
    private(set) var data: String?
    private var parts: [(name: String, value: String)] = []

    var isForm: Bool { !parts.isEmpty }
    var isEmpty: Bool { data == nil && parts.isEmpty }

    mutating func add(data more: String, separator: String = "&") { data = data.map { $0 + separator + more } ?? more }

    mutating func add(part name: String, _ value: String) { parts.append((name, value)) }

    /// What `--data-urlencode` makes of its value: `content`, `=content` or `name=content`; nil for those that name a file.
    static func encoded(_ value: String) -> String? {
        guard let equals = value.firstIndex(of: "=") else { return value.contains("@") ? nil : formEncoded(value) }
        let name = value[..<equals]
        return (name.isEmpty ? "" : "\(name)=") + formEncoded(String(value[value.index(after: equals)...]))
    }

    /// As curl does it: what RFC 3986 calls unreserved stays, and a blank is a plus.
    private static func formEncoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: " "): encoded += "+"
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }

    /// The parts as `multipart/form-data` (RFC 7578), and their boundary.
    var form: (text: String, boundary: String) {
        // Always the same, so that the same line is the same request; another one where a value holds it.
        var boundary = "------------------------roundtrip"
        while parts.contains(where: { $0.value.contains(boundary) || $0.name.contains(boundary) }) { boundary += "-" }
        var text = ""
        for part in parts {
            text += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.quotable(part.name))\"\r\n\r\n"
            text += part.value + "\r\n"
        }
        return (text + "--\(boundary)--\r\n", boundary)
    }

    /// As curl and browsers write names in it.
    private static func quotable(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"": text += "%22"
            case "\r": text += "%0D"
            case "\n": text += "%0A"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
