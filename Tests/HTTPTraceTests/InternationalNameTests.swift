import Testing

@testable import HTTPTrace

@Suite("International names")
struct InternationalNameTests {
    // RFC 3492 §7.1.
    @Test(
        arguments: [
            (
                [
                    0x644, 0x64A, 0x647, 0x645, 0x627, 0x628, 0x62A, 0x643, 0x644, 0x645, 0x648, 0x634, 0x639, 0x631,
                    0x628, 0x64A, 0x61F,
                ], "egbpdaj6bu4bxfgehfvwxn"
            ),
            ([0x4ED6, 0x4EEC, 0x4E3A, 0x4EC0, 0x4E48, 0x4E0D, 0x8BF4, 0x4E2D, 0x6587], "ihqwcrb4cv8a8dqg056pqjye"),
            ([0x33, 0x5E74, 0x42, 0x7D44, 0x91D1, 0x516B, 0x5148, 0x751F], "3B-ww4c5e180e575a65lsy2b"),
            (Array("-> $1.00 <-".utf8).map { UInt32($0) }, "-> $1.00 <--"),
        ] as [([UInt32], String)])
    func `Punycode is what its RFC shows`(codes: [UInt32], encoded: String) {
        #expect(Punycode.encode(codes.map { Unicode.Scalar($0)! }) == encoded)
    }

    @Test(
        "a name is asked for in lower case, composed, each label for itself",
        arguments: [
            ("Bücher.Example", "xn--bcher-kva.example"), ("BU\u{308}CHER.example", "xn--bcher-kva.example"),
            ("пример.рф.", "xn--e1afmkfd.xn--p1ai."), ("日本語.JP", "xn--wgv71a119e.jp"),
            ("straße.de", "xn--strae-oqa.de"), ("한국.kr", "xn--3e0b707e.kr"), ("*.公司.cn", "*.xn--55qx5d.cn"),
            ("ü" + String(repeating: "a", count: 52), "xn--" + String(repeating: "a", count: 52) + "-1mf"),
        ])
    func names(name: String, ascii: String) {
        #expect(InternationalName.ascii(name) == ascii)
    }

    @Test(
        "what tables would turn into something else, or nobody can see, is refused",
        arguments: [
            "ａ.com", "ﬁ.com", "a。b", "²ü.com", "😀.ws", "ü\u{200D}x", "ü\u{AD}x", "x.\u{301}a", "l·l", "xn--ü", "ab--ü",
            "ü-", "-ü", "ü_x", "ü/x", "ü" + String(repeating: "a", count: 56), String(repeating: "ü", count: 65_536),
        ])
    func refused(name: String) {
        #expect(InternationalName.ascii(name) == nil)
    }
}
