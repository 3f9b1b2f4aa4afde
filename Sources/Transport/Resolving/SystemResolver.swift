internal import CLinux
internal import DequeModule
internal import Glibc
internal import HTTPTrace

// getaddrinfo(3) on helper threads, since it can't be told to return. A lookup that hangs keeps its thread, but nobody
// else: who asked goes away at once, and the network thread never waits.
//
//    resolve ──▶ LookupTable ──▶ stand in line ──▶ one of at most 16 threads ──▶ answer

/// The C library's own resolver: all that nsswitch.conf names, at the price of a thread a lookup and of all detail.
@NetworkActor
public final class SystemResolver: Resolver {
    public nonisolated static let shared = SystemResolver()

    /// How many lookups run at once. Enough for a page's worth of hosts, and a DNS server that never answers can't take
    /// all of the machine's threads.
    public nonisolated static let threadLimit = 16

    typealias Answer = LookupTable.Answer
    private typealias Key = LookupTable.Key

    private let ask: @Sendable (String, AddressFamilies) -> Answer
    private let lookups = LookupTable()
    private var line = Deque<Key>()
    private var running: Set<Key> = []

    public nonisolated convenience init() { self.init(asking: askSystem) }

    /// - Parameter ask: Called on helper threads, and may take its time; ports in its answer don't matter.
    nonisolated init(asking ask: @escaping @Sendable (String, AddressFamilies) -> Answer) { self.ask = ask }

    public func resolve(
        _ query: NameQuery, tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution {
        try await lookups.take(partIn: query, tell: tell) { key in
            line.append(key)
            startThreadIfAllowed()
        } abandon: { key in
            // One that stands in line and that nobody wants any more is not worth a thread.
            guard !self.running.contains(key) else { return false }
            self.line.removeAll { $0 == key }
            return true
        }
    }

    private func startThreadIfAllowed() {
        guard running.count < Self.threadLimit, let key = line.popFirst() else { return }
        running.insert(key)
        let hasStarted = startThread(named: "dns") { [ask] in
            let answer = ask(key.host, key.families)
            EventLoop.shared.execute { self.finish(key, answer) }
        }
        if !hasStarted { finish(key, .failure(.failed(code: EAI_SYSTEM, words: "no thread left for the lookup"))) }
    }

    private func finish(_ key: Key, _ answer: Answer) {
        running.remove(key)
        lookups.finish(key, answer)
        startThreadIfAllowed()
    }
}

/// getaddrinfo(3), which sorts by RFC 6724.
private let askSystem: @Sendable (String, AddressFamilies) -> Result<Resolution, ResolverError> = { host, families in
    var hints = addrinfo()
    hints.ai_family =
        switch families {
        case .any: AF_UNSPEC
        case .ip4: AF_INET
        case .ip6: AF_INET6
        }
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    guard code == 0 else {
        let words = code == EAI_SYSTEM ? errorWords(errno) : String(cString: gai_strerror(code))
        return .failure(.failed(code: code, words: words))
    }
    defer { freeaddrinfo(list) }

    var addresses: [NetworkAddress] = []
    for entry in sequence(first: list!, next: { $0.pointee.ai_next }) {
        let address = SocketAddress(entry.pointee.ai_addr, length: entry.pointee.ai_addrlen)?.networkAddress
        // Doubled lines of /etc/hosts come out doubled.
        if let address, !addresses.contains(address) { addresses.append(address) }
    }
    guard !addresses.isEmpty else { return .failure(.noAddresses(families, server: nil)) }
    return .success(Resolution(addresses: addresses))
}
