internal import CLinux
internal import DequeModule
internal import Glibc
internal import HTTPTrace

// getaddrinfo(3) on helper threads, since it can't be told to return. A lookup that hangs keeps its thread, but nobody
// else: who asked goes away at once, and the network thread never waits.
//
//    resolve ──▶ in flight already? ──yes──▶ wait with the others ◀── answer ── thread
//                        │ no                                                     ▲
//                        └──▶ stand in line ──▶ one of at most 16 threads ────────┘

/// The machine's own resolver: /etc/hosts, DNS, and whatever else nsswitch.conf names.
@NetworkActor
public final class SystemResolver: Resolver {
    public nonisolated static let shared = SystemResolver()

    /// How many lookups run at once. Enough for a page's worth of hosts, and a DNS server that never answers can't take
    /// all of the machine's threads.
    public nonisolated static let threadLimit = 16

    typealias Answer = Result<Resolution, ResolverError>

    private struct Lookup {
        var waiters: [Int: (port: UInt16, continuation: UnsafeContinuation<Answer, Never>)] = [:]
        var isCoalesced = false
        var isRunning = false
    }

    private let ask: @Sendable (String) -> Answer
    private var lookups: [String: Lookup] = [:]
    private var line = Deque<String>()
    private var threads = 0
    private var lastWaiter = 0

    public nonisolated convenience init() { self.init(asking: askSystem) }

    /// - Parameter ask: Called on helper threads, and may take its time; ports in its answer don't matter.
    nonisolated init(asking ask: @escaping @Sendable (String) -> Answer) { self.ask = ask }

    public func resolve(_ host: String, port: UInt16) async throws(ResolverError) -> Resolution {
        lastWaiter += 1
        let waiter = lastWaiter
        let answer: Answer = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                // The handler may have run already, and found nobody to wake. One that runs from now on comes after us.
                if Task.isCancelled {
                    continuation.resume(returning: .failure(.cancelled))
                } else {
                    join(lookupOf: host)
                    lookups[host]!.waiters[waiter] = (port, continuation)
                }
            }
        } onCancel: {
            EventLoop.shared.execute { self.leave(waiter, of: host) }
        }
        return try answer.get()
    }

    private func join(lookupOf host: String) {
        guard lookups[host] == nil else {
            lookups[host]!.isCoalesced = true
            return
        }
        lookups[host] = Lookup()
        line.append(host)
        startThreadIfAllowed()
    }

    private func leave(_ waiter: Int, of host: String) {
        guard let (_, continuation) = lookups[host]?.waiters.removeValue(forKey: waiter) else { return }
        continuation.resume(returning: .failure(.cancelled))
        // One that stands in line and that nobody wants any more is not worth a thread.
        if let lookup = lookups[host], lookup.waiters.isEmpty, !lookup.isRunning { lookups[host] = nil }
    }

    private func startThreadIfAllowed() {
        guard threads < Self.threadLimit, let host = nextInLine() else { return }
        threads += 1
        let hasStarted = startThread(named: "dns") { [ask] in
            let answer = ask(host)
            EventLoop.shared.execute { self.finish(host, answer) }
        }
        if !hasStarted { finish(host, .failure(.failed(code: EAI_SYSTEM, words: "no thread left for the lookup"))) }
    }

    private func nextInLine() -> String? {
        while let host = line.popFirst() {
            guard let lookup = lookups[host], !lookup.isRunning else { continue }
            lookups[host]!.isRunning = true
            return host
        }
        return nil
    }

    private func finish(_ host: String, _ answer: Answer) {
        threads -= 1
        let lookup = lookups.removeValue(forKey: host)!
        for (port, continuation) in lookup.waiters.values {
            continuation.resume(
                returning: answer.map { resolution in
                    Resolution(
                        addresses: resolution.addresses.map {
                            NetworkAddress(family: $0.family, ip: $0.ip, port: port)
                        }, isCoalesced: lookup.isCoalesced)
                })
        }
        startThreadIfAllowed()
    }
}

/// getaddrinfo(3), which sorts by RFC 6724.
private let askSystem: @Sendable (String) -> Result<Resolution, ResolverError> = { host in
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
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
    guard !addresses.isEmpty else { return .failure(.failed(code: EAI_NONAME, words: "no usable address")) }
    return .success(Resolution(addresses: addresses))
}
