import Testing

@testable import Transport

@Suite("SHA-256")
struct SHA256DigestTests {
    // FIPS 180-2, appendix B.1.
    private let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func `pieces give the digest of the whole, and finishing starts anew`() {
        var digest = SHA256Digest()
        for text in ["a", "bc"] { Array(text.utf8).withUnsafeBytes { digest.update($0) } }
        #expect(hex(digest.finish()) == abc)
        #expect(hex(digest.finish()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}
