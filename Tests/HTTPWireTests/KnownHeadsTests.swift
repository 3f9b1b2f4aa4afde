import HTTPTrace
import HTTPTypes
import HTTPWire
import Testing

@Suite("Known heads")
struct KnownHeadsTests {
    private static let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Name: one\r\n\r\n"

    private func head(
        of bytes: [UInt8], _ heads: inout KnownHeads, limits: HTTP1Limits = .standard
    ) throws(WireError) -> (consumed: Int, head: ReceivedHead?) {
        var reader = HTTP1ResponseReader(limits: limits)
        reader.begin(requestMethod: .get)
        let step = try reader.next(bytes.span, knowing: &heads)
        guard case .head(let head, let framing) = step.event else { return (step.consumed, nil) }
        #expect(framing == .length(2))
        return (step.consumed, head)
    }

    @Test func `a head that came before is the same object when it comes again, whatever follows it`() throws {
        var heads = KnownHeads()
        let first = try head(of: Array((Self.head + "ab").utf8), &heads)
        let second = try head(of: Array((Self.head + "xy and more").utf8), &heads)
        #expect(first.consumed == Self.head.utf8.count && second.consumed == first.consumed)
        let told = try #require(first.head).told
        #expect(try #require(second.head).told === told)
        #expect(told.fields[.contentLength] == "2" && told.reason == "OK" && told.version == "HTTP/1.1")
    }

    @Test func `a head that differs in one byte is another`() throws {
        var heads = KnownHeads()
        _ = try head(of: Array(Self.head.utf8), &heads)
        for place in Self.head.utf8.count - 8..<Self.head.utf8.count - 4 {
            var bytes = Array(Self.head.utf8)
            bytes[place] = UInt8(ascii: "z")
            let other = try head(of: bytes, &heads)
            #expect(other.head?.bytes == bytes)
        }
    }

    @Test func `a head cut short at any point is not taken for the known one`() throws {
        var heads = KnownHeads()
        let bytes = Array(Self.head.utf8)
        _ = try head(of: bytes, &heads)
        for count in 0..<bytes.count { #expect(try head(of: Array(bytes[..<count]), &heads).head == nil) }
    }

    @Test func `a client with narrower limits refuses what another one knows`() throws {
        var heads = KnownHeads()
        let bytes = Array(Self.head.utf8)
        _ = try head(of: bytes, &heads)
        var narrow = HTTP1Limits.standard
        narrow.headBytes = 20
        #expect(throws: WireError.self) { try head(of: bytes, &heads, limits: narrow) }
        narrow = .standard
        narrow.fieldCount = 1
        #expect(throws: WireError.self) { try head(of: bytes, &heads, limits: narrow) }
    }

    @Test func `of many heads the latest are known`() throws {
        var heads = KnownHeads()
        var last: ReceivedHead?
        for number in 0..<100 {
            let bytes = Array(Self.head.replacing("one", with: "\(number)").utf8)
            last = try head(of: bytes, &heads).head
            #expect(try head(of: bytes, &heads).head?.told === last?.told)
        }
    }
}
