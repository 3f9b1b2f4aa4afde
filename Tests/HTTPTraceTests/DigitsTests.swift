import Testing

@testable import HTTPTrace

@Suite("Digits")
struct DigitsTests {
    @Test(arguments: [("80", UInt16(80)), ("0080", 80), ("65535", 65_535)])
    func `digits are a number`(text: String, number: UInt16) {
        #expect(UInt16(digits: text) == number)
    }

    @Test(arguments: ["", "+80", "-0", "0x10", "8 0", "65536", "٣", "1e2", "1_0"])
    func `what is more than digits is none`(text: String) {
        #expect(UInt16(digits: text) == nil)
    }

    @Test(arguments: [("1", 1.0), ("1.5", 1.5), (".5", 0.5), ("007", 7.0)])
    func `digits with a point are a number`(text: String, number: Double) {
        #expect(Double(decimal: text) == number)
    }

    @Test(arguments: ["", ".", "1.2.3", "+1", "-1", "1e3", "0x10", "inf", "nan", "1 "])
    func `what Swift would read besides is none`(text: String) {
        #expect(Double(decimal: text) == nil)
    }
}
