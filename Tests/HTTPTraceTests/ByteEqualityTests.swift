import Testing

@testable import HTTPTrace

@Suite("Bytes that are the same")
struct ByteEqualityTests {
    @Test(arguments: [0, 1, 7, 64, 1_000])
    func `bytes are the same until one of them differs`(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        #expect(bytes.isSame(as: Array(bytes)))
        #expect(!bytes.isSame(as: bytes + [0]) && !(bytes + [0]).isSame(as: bytes))
        for place in Set([0, count / 2, count - 1]) where bytes.indices.contains(place) {
            var other = bytes
            other[place] ^= 0x80
            #expect(!bytes.isSame(as: other))
        }
    }
}
