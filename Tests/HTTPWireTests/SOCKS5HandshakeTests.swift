import Testing

@testable import HTTPWire

private let opened: [UInt8] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]

@Suite("SOCKS5")
struct SOCKS5HandshakeTests {
    @Test func `without credentials a name is asked for at once`() throws {
        var handshake = try SOCKS5Handshake(to: .name("a.example"), port: 443)
        #expect(handshake.greeting == [5, 1, 0])
        #expect(
            try handshake.events(of: [5, 0] + opened)
                == [.send([5, 1, 0, 3, 9] + "a.example".bytes + [1, 0xBB]), .open])
        #expect(handshake.reply == 0)
    }

    @Test func `with credentials the proxy may ask for them, or not`() throws {
        let request: SOCKS5Handshake.Event = .send([5, 1, 0, 1, 127, 0, 0, 1, 0, 80])
        var asked = try SOCKS5Handshake(
            to: .address([127, 0, 0, 1]), port: 80, credentials: (user: "me", password: "pw"))
        #expect(asked.greeting == [5, 2, 0, 2])
        #expect(
            try asked.events(of: [5, 2, 1, 0] + opened) == [
                .send([1, 2] + "me".bytes + [2] + "pw".bytes), request, .open,
            ])
        var unasked = try SOCKS5Handshake(
            to: .address([127, 0, 0, 1]), port: 80, credentials: (user: "me", password: "pw"))
        #expect(try unasked.events(of: [5, 0] + opened) == [request, .open])
    }

    @Test func `an IPv6 address is asked for as such`() throws {
        let address = [UInt8](repeating: 0, count: 15) + [1]
        var handshake = try SOCKS5Handshake(to: .address(address), port: 1)
        #expect(try handshake.events(of: [5, 0]) == [.send([5, 1, 0, 4] + address + [0, 1])])
    }

    @Test(arguments: [opened, [5, 0, 0, 3, 2, 97, 98, 0, 1], [5, 0, 0, 4] + [UInt8](repeating: 9, count: 18)])
    func `the reply's end is found whatever address it names, wherever it is cut`(reply: [UInt8]) throws {
        let bytes = [5, 0] + reply + [42]
        for cut in 0...bytes.count {
            var handshake = try SOCKS5Handshake(to: .name("a"), port: 1)
            var events = try handshake.events(of: Array(bytes[..<cut]))
            if events.last != .open { events += try handshake.events(of: Array(bytes[cut...])) }
            #expect(events.last == .open, "cut at \(cut)")
        }
    }

    @Test(
        arguments: [
            ([4, 0], SOCKS5Error.notSOCKS5(version: 4)), (Array("HTTP/1.1 400".utf8), .notSOCKS5(version: 72)),
            ([5, 0xFF], .credentialsWanted), ([5, 2], .malformed), ([5, 0, 5, 5], .refused(reply: 5)),
            ([5, 0, 5, 2, 0, 1], .refused(reply: 2)), ([5, 0, 5, 0, 0, 7, 0], .malformed),
            ([5, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], .notSOCKS5(version: 1)),
        ] as [([UInt8], SOCKS5Error)])
    func `refusals and nonsense are told apart`(bytes: [UInt8], expected: SOCKS5Error) throws {
        var handshake = try SOCKS5Handshake(to: .name("a"), port: 1)
        #expect(throws: expected) { try handshake.events(of: bytes) }
    }

    @Test(
        arguments: [
            ([5, 0xFF], SOCKS5Error.noMethod), ([5, 2, 1, 1], .credentialsRefused), ([5, 2, 5, 0], .malformed),
        ] as [([UInt8], SOCKS5Error)])
    func `a refused login is not a refused connection`(bytes: [UInt8], expected: SOCKS5Error) throws {
        var handshake = try SOCKS5Handshake(to: .name("a"), port: 1, credentials: (user: "u", password: ""))
        #expect(throws: expected) { try handshake.events(of: bytes) }
    }

    @Test func `what has no room in a byte's worth of length is refused here`() {
        let long = String(repeating: "a", count: 256)
        #expect(throws: SOCKS5Error.tooLong("host name")) { try SOCKS5Handshake(to: .name(long), port: 1) }
        #expect(throws: SOCKS5Error.tooLong("password")) {
            try SOCKS5Handshake(to: .name("a"), port: 1, credentials: (user: "u", password: long))
        }
    }
}

extension SOCKS5Handshake {
    /// All events that the bytes lead to; those after `open` are left.
    fileprivate mutating func events(of bytes: [UInt8]) throws(SOCKS5Error) -> [Event] {
        var events: [Event] = []
        var offset = 0
        while offset < bytes.count {
            let (consumed, event) = try next(bytes.span.extracting(offset..<bytes.count))
            offset += consumed
            guard let event else { break }
            events.append(event)
            if event == .open { break }
        }
        return events
    }
}
