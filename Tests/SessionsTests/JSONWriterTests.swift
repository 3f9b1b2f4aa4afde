import HTTPTrace
import Testing

@testable import Sessions

@Suite("JSON writer")
struct JSONWriterTests {
    private static func text(_ write: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        write(&json)
        return json.takeText()
    }

    @Test func `numbers of any length are written as Swift writes them`() {
        var numbers = [0, 1, -1, Int.max, Int.min]
        var power = 1
        for _ in 0..<18 {
            power *= 10
            numbers += [power - 1, power, power + 1, 1 - power, -power]
        }
        #expect(
            Self.text { json in
                json.openArray()
                for number in numbers { json.value(number) }
                json.closeArray()
            } == "[\(numbers.map(String.init).joined(separator: ","))]")
        for number in numbers { #expect(Self.text { $0.value(number) } == String(number)) }
    }

    @Test func `a fraction has no zeros at its end, and all at its beginning`() {
        let cases: [(Int64, Int, String)] = [
            (0, 3, "0"), (5, 3, "0.005"), (1_500, 3, "1.5"), (-1_500, 3, "-1.5"), (-5, 6, "-0.000005"), (1_000, 3, "1"),
            (123_456_789, 6, "123.456789"), (.min, 6, "-9223372036854.775808"),
        ]
        for (units, decimals, text) in cases { #expect(Self.text { $0.value(units, decimals: decimals) } == text) }
    }

    @Test func `members and elements have commas between them and nowhere else`() {
        let text = Self.text { json in
            json.openObject()
            json.field("a", 1)
            json.field("b", plain: "x")
            json.openArray("c")
            json.value(true)
            json.value("y")
            json.openObject()
            json.closeObject()
            json.openObject()
            json.field("d", false)
            json.closeObject()
            json.closeArray()
            json.field("e", ip6)
            json.field("f", ip4)
            json.closeObject()
        }
        #expect(
            text == #"{"a":1,"b":"x","c":[true,"y",{},{"d":false}],"e":"[2001:db8::1]:443","f":"192.0.2.1:443"}"#)
    }

    @Test func `text of any length finds room, escaped or not`() {
        for length in [0, 1, 7, 8, 9, 255, 256, 257, 5_000] {
            let plain = String(repeating: "a", count: length)
            #expect(Self.text { $0.value(plain) } == "\"\(plain)\"")
            let odd = String(repeating: "\"\u{202E}", count: length)
            let escaped = String(repeating: #"\"\u202e"#, count: length)
            #expect(Self.text { $0.value(odd) } == "\"\(escaped)\"")
        }
    }

    @Test func `a writer that was emptied begins anew`() {
        var json = JSONWriter()
        json.openArray()
        json.value(1)
        json.closeArray()
        #expect(json.takeText() == "[1]")
        json.openArray()
        json.value(2)
        json.closeArray()
        var seen: [UInt8] = []
        json.takeBytes { seen = Array($0) }
        #expect(String(decoding: seen, as: UTF8.self) == "[2]")
        #expect(json.count == 0)
    }
}
