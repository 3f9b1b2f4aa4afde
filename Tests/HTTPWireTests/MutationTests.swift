import HTTPTypes
import Testing

@testable import HTTPWire

/// Damaged messages from a fixed seed: nothing crashes, everything ends, and cutting still changes nothing.
@Suite("Damaged messages")
struct MutationTests {
    static let rounds = 4_000

    @Test func `a damaged response is the same wherever it is cut`() {
        var random = SplitMix64(state: 1)
        let methods: [HTTPRequest.Method] = [.get, .get, .head, .connect]
        for round in 0..<Self.rounds {
            let bytes = Self.damaged(
                SplitTests.responses.randomElement(using: &random)!.bytes, SplitTests.responses, &random)
            let method = methods.randomElement(using: &random)!
            let closes = Bool.random(using: &random)
            let whole = readResponse(bytes, to: method, limits: Self.limits, Delivery(closes: closes))
            let delivery = Delivery(
                cuts: Self.cuts(bytes.count, &random), closes: closes, closesLate: Bool.random(using: &random))
            let pieces = readResponse(bytes, to: method, limits: Self.limits, delivery)
            if pieces != whole {
                Issue.record("round \(round): \(String(latin1: bytes).debugDescription) gave \(pieces), not \(whole)")
            }
            if closes, whole.failure == nil, whole.end == nil { Issue.record("round \(round) never ends") }
        }
    }

    @Test func `damaged requests are the same wherever they are cut`() {
        var random = SplitMix64(state: 2)
        for round in 0..<Self.rounds {
            let bytes = Self.damaged(
                SplitTests.requests.randomElement(using: &random)!.bytes, SplitTests.requests, &random)
            let closes = Bool.random(using: &random)
            let whole = readRequests(bytes, limits: Self.limits, Delivery(closes: closes))
            let delivery = Delivery(
                cuts: Self.cuts(bytes.count, &random), closes: closes, closesLate: Bool.random(using: &random))
            let pieces = readRequests(bytes, limits: Self.limits, delivery)
            if pieces != whole {
                Issue.record("round \(round): \(String(latin1: bytes).debugDescription) gave \(pieces), not \(whole)")
            }
            for case .request(_, let fields, let framing) in whole {
                // The one property smuggling needs broken: a request with two framings is never accepted.
                if fields.contains(.contentLength), fields.contains(.transferEncoding) {
                    Issue.record("round \(round): both framings, \(framing)")
                }
            }
        }
    }

    // Tight enough to be met now and then.
    static let limits = {
        var limits = HTTP1Limits()
        limits.headBytes = 200
        limits.fieldCount = 6
        limits.trailerBytes = 40
        limits.chunkLineBytes = 24
        limits.chunkOverheadBytes = 48
        return limits
    }()

    static func cuts(_ count: Int, _ random: inout SplitMix64) -> [Int] {
        (0..<Int.random(in: 0...6, using: &random)).map { _ in Int.random(in: 0...count, using: &random) }.sorted()
    }

    static func damaged(_ original: [UInt8], _ corpus: [String], _ random: inout SplitMix64) -> [UInt8] {
        let pieces = [
            "\r\n", "\n", "\r", "\u{0}", " ", "\t", ":", ",", ";", "0", "f", "Content-Length: 3\r\n",
            "Transfer-Encoding: chunked\r\n", "chunked",
            "Connection: close\r\n", "HTTP/1.1 ", "\u{FF}", "0\r\n\r\n", "Host: b\r\n",
        ]
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, at + Int.random(in: 0...8, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(at..<end)
            case 2: bytes.insert(contentsOf: bytes[at..<end], at: at)
            case 3: bytes.insert(contentsOf: pieces.randomElement(using: &random)!.bytes, at: at)
            case 4: bytes.replaceSubrange(at..<end, with: pieces.randomElement(using: &random)!.bytes)
            default:
                let other = corpus.randomElement(using: &random)!.bytes
                bytes = Array(bytes[..<at] + other[Int.random(in: 0...other.count, using: &random)...])
            }
        }
        return bytes
    }
}

/// A small generator with a seed, so that a failing round can be run again.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
