import HTTPTrace
import Testing

@testable import Transport

@Suite("DNS replies")
struct DNSReplyTests {
    private let question = DNSServer.encoded("a.test") + [0, 1, 0, 1]

    private func reply(_ answers: UInt8, _ records: [UInt8]) -> [UInt8] {
        [0, 1, 0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0] + question + records
    }

    private func parse(_ bytes: [UInt8]) throws(DNSReply.Problem) -> DNSReply { try DNSReply(parsing: bytes.span) }

    @Test func `addresses and aliases are read, other kinds passed over`() throws {
        let records =
            DNSServer.Record.alias("a.test", to: "B.test", seconds: 5).bytes
            + DNSServer.encoded("b.test") + [0, 16, 0, 1, 0, 0, 0, 9, 0, 3, 2, 104, 105]  // TXT
            + DNSServer.Record.address("b.test", at: "2001:db8::1", seconds: 6).bytes
        let reply = try parse(reply(3, records))
        #expect(reply.question == "a.test")
        #expect(
            reply.records == [
                .init(name: "a.test", timeToLive: .seconds(5), data: .alias("b.test")),
                .init(
                    name: "b.test", timeToLive: .seconds(6),
                    data: .address(NetworkAddress(family: .ip6, ip: "2001:db8::1", port: 0))),
            ])
    }

    @Test func `names may point backwards, and only backwards`() throws {
        let backwards: [UInt8] = [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 192, 0, 2, 1]
        #expect(try parse(reply(1, backwards)).records.map(\.name) == ["a.test"])
        let here = UInt8(reply(0, []).count)
        for target in [here, here + 2, 255] {
            let bytes = reply(1, [0xC0, target] + backwards.dropFirst(2))
            #expect(throws: DNSReply.Problem.malformed) { try parse(bytes) }
        }
    }

    @Test func `what is no letter, digit, hyphen or underscore is written as a number`() throws {
        var place = 0
        let label: [UInt8] = Array("a_-9".utf8) + [0x1B, 0x20, 0x2E, 0xFF]
        let name = try DNSReply.name(([8] + label + [0]).span, &place)
        #expect(name == "a_-9\\027\\032\\046\\255")
        #expect(place == 10)
    }

    @Test func `a name longer than names may be is refused`() {
        let label: [UInt8] = [60] + [UInt8](repeating: 97, count: 60)
        let long = label + label + label + label + label + [0]
        var place = 0
        #expect(throws: DNSReply.Problem.malformed) { _ = try DNSReply.name(long.span, &place) }
    }

    @Test func `a loop of aliases ends`() throws {
        let records =
            DNSServer.Record.alias("a.test", to: "b.test").bytes + DNSServer.Record.alias("b.test", to: "a.test").bytes
        let (aliases, addresses, life) = try parse(reply(2, records)).follow()
        #expect(aliases.map(\.target) == ["b.test"])
        #expect(addresses.isEmpty && life == nil)
    }

    @Test func `the longest chain and the most addresses have an end`() throws {
        let chain = (0..<40).map { step in
            DNSServer.Record.alias(step == 0 ? "a.test" : "n\(step)", to: "n\(step + 1)")
        }
        #expect(try parse(reply(40, chain.flatMap(\.bytes))).follow().aliases.count == DNSReply.aliasLimit)
        let many = (1...200).map { DNSServer.Record.address("a.test", at: "192.0.2.\($0)") }
        #expect(try parse(reply(200, many.flatMap(\.bytes))).follow().addresses.count == DNSReply.addressLimit)
    }

    @Test func `a life beyond the sign bit is none`() throws {
        let record = DNSServer.Record.address("a.test", at: "192.0.2.1", seconds: 1 << 31)
        #expect(try parse(reply(1, record.bytes)).follow().timeToLive == .zero)
    }

    @Test func `cut anywhere or with any byte changed, a reply is read or refused, never more`() {
        let whole = reply(
            2,
            DNSServer.Record.alias("a.test", to: "b.test").bytes
                + DNSServer.Record.address("b.test", at: "192.0.2.1").bytes)
        for count in 0..<whole.count {
            #expect(throws: DNSReply.Problem.malformed) { try parse(Array(whole[..<count])) }
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let reply = try? parse(bytes) else { continue }
            let (aliases, addresses, _) = reply.follow()
            #expect(aliases.count <= DNSReply.aliasLimit && addresses.count <= DNSReply.addressLimit)
            let names = aliases.flatMap { [$0.name, $0.target] }
            #expect(names.allSatisfy { $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } })
        }
    }
}
