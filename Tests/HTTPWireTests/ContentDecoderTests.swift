import CZlib
import Testing

@testable import HTTPWire

@Suite("Content codings")
struct ContentDecoderTests {
    // Made by Python, brotli(1) and zstd(1) of `sentences`.
    private static let gzip = bytes(
        "1f8b08000000000002030bc94855284ecc0512a97925a979c9a90ac9f9b9a9c50a89e98999790a89792910961e57c8a8c25185a30a47158e2a1c"
            + "5538aa70f828040091128ae502080000")
    private static let zlib = bytes(
        "78da0bc94855284ecc0512a97925a979c9a90ac9f9b9a9c50a89e98999790a89792910961e57c8a8c25185a30a47158e2a1c5538aa70f8280400"
            + "3d9ace7b")
    private static let raw = Array(zlib[2..<zlib.count - 4])
    private static let brotli = bytes(
        "1f010800046a72fe4207f44681b5df9216041b70e0902730d1a88bc9b031f6e5bb8a1fa526742f894dfa36bfc4d0b709e1935b32")
    private static let zstd = bytes(
        "28b52ffd04686501003202080ec0eb6168cab654fa058e00218705200c733624dc7b50ade526f7ebe1d722020200d633f5718a9527177f874b"
    )
    private static let brotliOfGzip = bytes(
        "8f24801f8b08000000000002030bc94855284ecc0512a97925a979c9a90ac9f9b9a9c50a89e98999790a89792910961e57c8a8c25185a30a4715"
            + "8e2a1c5538aa70f828040091128ae50208000003")
    private static let sentences = Array(
        String(repeating: "The same sentence comes again and again.\n", count: 50).utf8)

    private static let all: [([ContentCoding], [UInt8])] = [
        ([.gzip], gzip), ([.deflate], zlib), ([.deflate], raw), ([.br], brotli), ([.zstd], zstd),
        ([.gzip, .br], brotliOfGzip),
    ]

    @Test(arguments: all)
    func `a body is decoded, however it is cut on the way`(codings: [ContentCoding], encoded: [UInt8]) throws {
        for size in [1, 2, 3, 7, encoded.count - 1, encoded.count] {
            let (decoded, problem) = decode(encoded, codings, pieces: size)
            #expect(problem == nil, "pieces of \(size)")
            #expect(decoded == Self.sentences)
        }
    }

    @Test(arguments: all)
    func `a body that breaks off says so and keeps its beginning`(codings: [ContentCoding], encoded: [UInt8]) {
        for length in 1..<encoded.count {
            let (decoded, problem) = decode(Array(encoded[..<length]), codings, pieces: 16)
            #expect(problem == .truncated(codings.last!) || problem == .truncated(codings.first!), "\(length) bytes")
            #expect(Self.sentences.starts(with: decoded))
        }
    }

    @Test(arguments: all)
    func `damage is never taken for another body`(codings: [ContentCoding], encoded: [UInt8]) {
        for index in encoded.indices {
            var damaged = encoded
            damaged[index] ^= 0x55
            let (decoded, problem) = decode(damaged, codings, pieces: 1000)
            // Where there is no sum to check (brotli, deflate alone), other bytes may come out: never too many.
            #expect(problem != nil || decoded.count <= 100_000)
        }
        let (decoded, problem) = decode(Array("<html>no such thing</html>".utf8), codings, pieces: 1000)
        #expect(problem != nil || codings == [.deflate])
        #expect(decoded.count < 1000)
    }

    @Test func `bytes after the end are no part of the body`() {
        for (codings, encoded) in Self.all where codings.count == 1 && codings != [.zstd] {
            #expect(decode(encoded + [0], codings, pieces: 9).problem == .trailingBytes(codings[0]))
        }
        #expect(decode(Self.zstd + [0, 0, 0, 0, 0], [.zstd], pieces: 9).problem == .corrupt(.zstd))
    }

    @Test func `several gzip members and several frames are one body`() {
        #expect(decode(Self.gzip + Self.gzip, [.gzip], pieces: 5).bytes == Self.sentences + Self.sentences)
        #expect(decode(Self.zstd + Self.zstd, [.zstd], pieces: 5).bytes == Self.sentences + Self.sentences)
    }

    @Test func `a body without bytes is whole`() {
        #expect(decode([], [.gzip, .br], pieces: 1).problem == nil)
    }

    @Test func `what is larger than a piece comes whole`() {
        let long = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        let (decoded, problem) = decode(Self.deflated(long), [.deflate], pieces: 10_000)
        #expect(decoded == long)
        #expect(problem == nil)
    }

    @Test func `a bomb is stopped when it has grown too much`() {
        var limits = ContentDecoder.Limits()
        limits.freeBytes = 1 << 20
        limits.ratio = 100
        let bomb = Self.deflated([UInt8](repeating: 0, count: 8 << 20))
        let (decoded, problem) = decode(bomb, [.deflate], pieces: 65_536, limits)
        guard case .bomb(_, bomb.count) = problem else {
            Issue.record("not taken for a bomb: \(String(describing: problem))")
            return
        }
        #expect((1 << 20...1 << 20 + 65_536).contains(decoded.count))
        // How far it went is told with the body, and only there.
        #expect(problem?.description.contains("\(bomb.count)") == false)
        // What grows as much and stays small is none.
        limits.freeBytes = 8 << 20
        #expect(decode(bomb, [.deflate], pieces: 65_536, limits).problem == nil)
    }

    @Test func `a bomb inside another coding is stopped though nothing comes out`() {
        var limits = ContentDecoder.Limits()
        limits.freeBytes = 1 << 20
        limits.ratio = 100
        // Empty gzip members by the hundred thousand.
        let empty: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let many = Array(repeating: empty, count: 100_000).flatMap { $0 }
        let (decoded, problem) = decode(Self.deflated(many), [.gzip, .deflate], pieces: 65_536, limits)
        #expect(decoded.isEmpty)
        guard case .bomb = problem else {
            Issue.record("not taken for a bomb: \(String(describing: problem))")
            return
        }
    }

    @Test func `a frame that wants more memory than a browser gives is refused`() {
        // The beginning of `zstd --long=24`: a window of 16 MiB.
        let start = Self.bytes("28b52ffd04706400001000000200e9ff3773e0012c02001000020010000200100002001000020010")
        #expect(decode(start, [.zstd], pieces: 100).problem == .corrupt(.zstd))
    }

    @Test func `the field names codings in the order they were put on`() throws {
        #expect(try ContentCoding.read(["gzip"]) == [.gzip])
        #expect(try ContentCoding.read(["X-GZip , ,identity", "BR"]) == [.gzip, .br])
        #expect(try ContentCoding.read(["", "identity"]) == [])
        #expect(throws: ContentCoding.Refusal.unknown("aes128gcm")) { try ContentCoding.read(["gzip, aes128gcm"]) }
        #expect(throws: ContentCoding.Refusal.tooMany(limit: 3)) { try ContentCoding.read(["gzip,gzip,gzip,gzip"]) }
    }

    private func decode(
        _ encoded: [UInt8], _ codings: [ContentCoding], pieces size: Int,
        _ limits: ContentDecoder.Limits = ContentDecoder.Limits()
    ) -> (bytes: [UInt8], problem: DecodingProblem?) {
        let decoder = ContentDecoder(codings, limits: limits)
        var decoded: [UInt8] = []
        do throws(DecodingProblem) {
            for start in stride(from: 0, to: encoded.count, by: max(size, 1)) {
                let piece = Array(encoded[start..<min(start + size, encoded.count)])
                let result = piece.withUnsafeBytes { bytes in
                    Result { () throws(DecodingProblem) in try decoder.decode(bytes) { decoded += $0 } }
                }
                try result.get()
            }
            try decoder.finish()
        } catch {
            return (decoded, error)
        }
        #expect(decoder.decodedBytes == decoded.count)
        #expect(decoder.encodedBytes == encoded.count)
        return (decoded, nil)
    }

    private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var count = compressBound(UInt(bytes.count))
        var output = [UInt8](repeating: 0, count: Int(count))
        compress2(&output, &count, bytes, UInt(bytes.count), 9)
        return Array(output[..<Int(count)])
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        var rest = hex[...]
        var bytes: [UInt8] = []
        while !rest.isEmpty {
            bytes.append(UInt8(rest.prefix(2), radix: 16)!)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
