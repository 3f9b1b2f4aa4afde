import CLinux
import Glibc
import HTTPTrace
import Synchronization

@testable import Transport

/// A DNS server of our own on loopback, over UDP and TCP, that answers as a test says.
final class DNSServer: Sendable {
    struct Question: Hashable, Sendable {
        var name: String
        var family: NetworkAddress.Family
        var isTCP = false
    }

    enum Answer: Sendable {
        case records([Record])
        /// A response code: 2 is SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
        case code(UInt8)
        /// Nothing but the hint to ask over TCP.
        case truncated
        /// These bytes behind a good header and question, said to be so many records.
        case bytes([UInt8], records: Int)
        /// A datagram that is no DNS message, then nothing.
        case garbage
        case silence
    }

    enum Record: Sendable {
        case address(String, at: String, seconds: UInt32 = 60)
        case alias(String, to: String, seconds: UInt32 = 300)
    }

    let address: NetworkAddress
    private let answer: @Sendable (Question) -> Answer
    private let asked = Mutex<[Question]>([])
    private let udp: Int32
    private let tcp: Int32

    /// - Parameter answer: Called on a thread of its own for each question, and may take its time.
    init(_ answer: @escaping @Sendable (Question) -> Answer) {
        self.answer = answer
        var (udp, tcp, port): (Int32, Int32, UInt16) = (-1, -1, 0)
        while tcp < 0 {
            udp = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            port = Self.bind(udp, 0)!
            tcp = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard Self.bind(tcp, port) != nil, listen(tcp, 16) == 0 else {
                close(udp)
                close(tcp)
                tcp = -1
                continue
            }
        }
        address = NetworkAddress(family: .ip4, ip: "127.0.0.1", port: port)
        (self.udp, self.tcp) = (udp, tcp)
        serve()
    }

    /// Each thread ends when `deinit` has shut its socket down.
    private func serve() {
        let datagrams: @Sendable ([UInt8]) -> [UInt8]? = { [weak self] in self?.reply(to: $0, isTCP: false) }
        let streams: @Sendable ([UInt8]) -> [UInt8]? = { [weak self] in self?.reply(to: $0, isTCP: true) }
        let (udp, tcp) = (udp, tcp)
        startThread(named: "dns-udp") { Self.serveUDP(udp, datagrams) }
        startThread(named: "dns-tcp") { Self.serveTCP(tcp, streams) }
    }

    deinit {
        for number in [udp, tcp] { shutdown(number, Int32(SHUT_RDWR)) }
    }

    /// In the order in which they came.
    var questions: [Question] { asked.withLock { $0 } }

    /// Answers after these alone: same records for whoever asks, NXDOMAIN for other names.
    convenience init(_ zone: [String: [Record]]) {
        self.init { question in
            guard let records = zone[question.name] else { return .code(3) }
            return .records(records)
        }
    }

    // MARK: Sockets

    private static func bind(_ number: Int32, _ port: UInt16) -> UInt16? {
        var address = SocketAddress(NetworkAddress(family: .ip4, ip: "127.0.0.1", port: port))!
        guard address.withBytes({ Glibc.bind(number, $0, $1) }) == 0 else { return nil }
        _ = address.withMutableBytes { getsockname(number, $0, $1) }
        return address.networkAddress?.port
    }

    private static func serveUDP(_ number: Int32, _ reply: @escaping @Sendable ([UInt8]) -> [UInt8]?) {
        defer { close(number) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var peer = SocketAddress()
            let count = peer.withMutableBytes { recvfrom(number, &buffer, buffer.count, 0, $0, $1) }
            guard count > 0 else { return }
            let message = Array(buffer[..<count])
            startThread(named: "dns-answer") { [peer] in
                guard let bytes = reply(message) else { return }
                _ = peer.withBytes { sendto(number, bytes, bytes.count, 0, $0, $1) }
            }
        }
    }

    private static func serveTCP(_ listener: Int32, _ reply: @escaping @Sendable ([UInt8]) -> [UInt8]?) {
        defer { close(listener) }
        while true {
            let number = accept(listener, nil, nil)
            guard number >= 0 else { return }
            startThread(named: "dns-stream") {
                defer { close(number) }
                while let head = readExactly(2, from: number),
                    let message = readExactly(Int(head[0]) << 8 | Int(head[1]), from: number)
                {
                    guard let bytes = reply(message) else { continue }
                    let framed = [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
                    _ = send(number, framed, framed.count, Int32(MSG_NOSIGNAL))
                }
            }
        }
    }

    private static func readExactly(_ count: Int, from number: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return recv(number, &bytes, count, Int32(MSG_WAITALL)) == count ? bytes : nil
    }

    // MARK: Messages

    private func reply(to message: [UInt8], isTCP: Bool) -> [UInt8]? {
        guard let parsed = try? DNSReply(parsing: message.span) else { return nil }
        let family: NetworkAddress.Family = parsed.questionType == DNSReply.ip6Type ? .ip6 : .ip4
        let question = Question(name: parsed.question, family: family, isTCP: isTCP)
        asked.withLock { $0.append(question) }
        switch answer(question) {
        case .records(let records):
            let wanted = records.filter { $0.belongs(to: family) }
            return Self.reply(to: message, parsed, records: wanted.count, wanted.flatMap(\.bytes))
        case .code(let code): return Self.reply(to: message, parsed, code: code)
        case .truncated: return Self.reply(to: message, parsed, isTruncated: !isTCP)
        case .bytes(let bytes, let count): return Self.reply(to: message, parsed, records: count, bytes)
        case .garbage: return [0xFF, 0x00, 0x13]
        case .silence: return nil
        }
    }

    private static func reply(
        to message: [UInt8], _ parsed: DNSReply, code: UInt8 = 0, isTruncated: Bool = false, records: Int = 0,
        _ bytes: [UInt8] = []
    ) -> [UInt8] {
        let question = encoded(parsed.question) + [0, UInt8(parsed.questionType), 0, 1]
        return message[..<2] + [isTruncated ? 0x83 : 0x81, 0x80 | code, 0, 1, 0, UInt8(records), 0, 0, 0, 0] + question
            + bytes
    }

    static func encoded(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }
}

extension DNSServer.Record {
    fileprivate func belongs(to family: NetworkAddress.Family) -> Bool {
        if case .address(_, let ip, _) = self { (family == .ip6) == ip.contains(":") } else { true }
    }

    var bytes: [UInt8] {
        let (owner, type, seconds, data): (String, UInt16, UInt32, [UInt8])
        switch self {
        case .address(let name, let ip, let life):
            let bytes = SocketAddress(SocketAddress.literal(ip, port: 0)!)!.bytes
            (owner, type, seconds, data) = (name, bytes.count == 4 ? 1 : 28, life, bytes)
        case .alias(let name, let target, let life):
            (owner, type, seconds, data) = (name, 5, life, DNSServer.encoded(target))
        }
        let life = (0..<4).map { UInt8(truncatingIfNeeded: seconds >> (24 - 8 * $0)) }
        return DNSServer.encoded(owner) + [0, UInt8(type), 0, 1] + life + [0, UInt8(data.count)] + data
    }
}
