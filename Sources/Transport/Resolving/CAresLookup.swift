internal import CAres
internal import CLinux
internal import Glibc
internal import HTTPTrace

// One lookup on a c-ares channel of its own: it can be cancelled alone, its sockets have ports of their own, and whatever
// they carry is about this name.
//
//     start ──▶ AAAA and A asked ──▶ each: answered, or given up ──▶ told ──▶ both over ──▶ finished
//                     │  ▲ again after silence, at the next server, or over TCP: c-ares decides
//                     ▼  │
//          CAresSockets: every byte passes there, so that we know who was asked how often and who answered
//
// c-ares calls back while it works, and must not be destroyed meanwhile: that is left to `settle`, after each of its calls.

@NetworkActor
final class CAresLookup {
    enum News {
        case part(ResolvedPart)
        case finished(Result<Resolution, ResolverError>)
    }

    private let host: String
    private let families: AddressFamilies
    private let settings: ResolverSettings
    private let tell: @NetworkActor (News) -> Void
    private let sockets: CAresSockets
    private var channel: ares_channel?
    private var timer: TimerID?
    /// Families that have not been asked for yet.
    private var unasked: [NetworkAddress.Family]
    private var startedAt: [NetworkAddress.Family: Timestamp] = [:]
    private var choices: [AddressChoice] = []
    private var errors: [ResolverError] = []
    private var unansweredCount: Int

    init(
        host: String, families: AddressFamilies, settings: ResolverSettings,
        tell: @escaping @NetworkActor (News) -> Void
    ) {
        self.host = host
        self.families = families
        self.settings = settings
        self.tell = tell
        sockets = CAresSockets(servers: settings.servers)
        unasked = families.all
        unansweredCount = families.all.count
    }

    /// Asks. What comes of it is told later, or before this returns.
    func start() {
        let status = openChannel()
        guard status == ARES_SUCCESS else {
            tell(.finished(.failure(.serverFailed(nil, words: "can't be asked: \(Self.words(for: status))"))))
            return
        }
        sockets.process = { [unowned self] reading, writing in
            guard let channel else { return }
            ares_process_fd(channel, reading, writing)
            settle()
        }
        repeat { ask() } while !unasked.isEmpty && !settings.asksOneByOne
        settle()
    }

    /// Ends it, and tells nothing more.
    func cancel() {
        unasked = []
        unansweredCount = 0
        errors = [.cancelled]
        close()
    }

    // MARK: Questions

    private func ask() {
        guard !unasked.isEmpty else { return }
        let family = unasked.removeFirst()
        startedAt[family] = EventLoop.shared.now
        let question = Unmanaged.passRetained(Question(lookup: self, family: family))
        ares_search(
            channel, host, Int32(1), Int32(family.recordNumber),
            { question, status, _, bytes, count in
                // Called exactly once, when all else has failed by `ares_destroy`.
                let question = Unmanaged<Question>.fromOpaque(question!).takeRetainedValue()
                let reply = [UInt8](UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(count)))
                NetworkActor.assumeIsolated { question.lookup.take(reply, status, of: question.family) }
            }, question.toOpaque())
    }

    private final class Question: @unchecked Sendable {
        let lookup: CAresLookup
        let family: NetworkAddress.Family

        init(lookup: CAresLookup, family: NetworkAddress.Family) {
            self.lookup = lookup
            self.family = family
        }
    }

    // MARK: Answers

    private func take(_ bytes: [UInt8], _ status: Int32, of family: NetworkAddress.Family) {
        guard unansweredCount > 0 else { return }  // cancelled
        unansweredCount -= 1
        let reply = try? DNSReply(parsing: bytes.span)
        let (aliases, all, life) = reply?.follow() ?? ([], [], nil)
        let addresses = all.filter { $0.family == family }
        var records = DNSRecords(
            family: family, addresses: addresses, timeToLive: addresses.isEmpty ? nil : life, aliases: aliases,
            server: bytes.isEmpty ? nil : sockets.lastPeer?.server,
            isOverTCP: !bytes.isEmpty && sockets.lastPeer?.isTCP == true,
            tries: sockets.questionCount[family.recordNumber] ?? 0, duration: EventLoop.shared.now - startedAt[family]!)
        if addresses.isEmpty {
            let error = error(for: status == ARES_SUCCESS && reply == nil ? ARES_EBADRESP : status, records)
            errors.append(error)
            records.problem = error.description
        }
        let found = AddressChoice.sorted(addresses.map(AddressChoice.init))
        choices += found
        tell(.part(ResolvedPart(records: records, addresses: found.filter(\.isReachable).map(\.address))))
    }

    private func error(for status: Int32, _ records: DNSRecords) -> ResolverError {
        let wanted: AddressFamilies = records.family == .ip4 ? .ip4 : .ip6
        switch status {
        case ARES_ENOTFOUND: return .unknownName(server: records.server)
        case ARES_SUCCESS, ARES_ENODATA: return .noAddresses(wanted, server: records.server)
        case ARES_ETIMEOUT:
            return .noAnswer(from: sockets.askedServers, tries: records.tries, after: records.duration)
        case ARES_ECONNREFUSED where sockets.rejections[records.family.recordNumber] != nil:
            let (code, server) = sockets.rejections[records.family.recordNumber]!
            return .serverFailed(server, words: Self.words(forCode: code))
        case ARES_ECONNREFUSED where sockets.lastProblem != nil:
            return .serverFailed(sockets.askedServers.last, words: "can't be asked: \(sockets.lastProblem!)")
        default:
            return .serverFailed(records.server ?? sockets.askedServers.last, words: Self.words(for: status))
        }
    }

    /// Finishes the sentence "DNS server 192.0.2.1:53 …".
    private static func words(for status: Int32) -> String {
        switch status {
        case ARES_EFORMERR: words(forCode: 1)
        case ARES_ESERVFAIL: words(forCode: 2)
        case ARES_ENOTIMP: words(forCode: 4)
        case ARES_EREFUSED: words(forCode: 5)
        case ARES_EBADRESP: "sent an answer that makes no sense"
        case ARES_EBADNAME: "can't be asked: this is no name that DNS can carry"
        case ARES_ECONNREFUSED: "can't be reached"
        default: String(cString: ares_strerror(status))
        }
    }

    /// For the response codes of RFC 1035 §4.1.1.
    private static func words(forCode code: UInt8) -> String {
        switch code {
        case 1: "did not understand the question (FORMERR)"
        case 2: "could not find out (SERVFAIL)"
        case 4: "does not know such questions (NOTIMP)"
        case 5: "refused to answer (REFUSED)"
        default: "answered with the error \(code)"
        }
    }

    // MARK: The channel

    /// After each call into c-ares: its next moment may have changed, and this may have been the last.
    private func settle() {
        if unansweredCount > 0, settings.asksOneByOne, unansweredCount == unasked.count { ask() }
        guard unansweredCount > 0 else { return finish() }
        if let timer = timer.take() { EventLoop.shared.cancel(timer) }
        var rest = timeval()
        guard ares_timeout(channel, nil, &rest) != nil else { return }
        // Its clock counts whole microseconds: asked at the very moment, it may find it a hair too early.
        let wait = Duration.seconds(rest.tv_sec) + .microseconds(rest.tv_usec + 1)
        timer = EventLoop.shared.schedule(at: EventLoop.shared.now + wait) { [self] in
            timer = nil
            sockets.process(ARES_SOCKET_BAD, ARES_SOCKET_BAD)
        }
    }

    private func finish() {
        guard channel != nil else { return }
        close()
        if choices.isEmpty {
            tell(.finished(.failure(worst(of: errors))))
        } else {
            let addresses = AddressChoice.sorted(choices).map(\.address)
            tell(.finished(.success(Resolution(addresses: addresses, source: .dns))))
        }
    }

    /// What broke says more than what is not there; and a name that has one kind of address exists.
    private func worst(of errors: [ResolverError]) -> ResolverError {
        if let broken = errors.first(where: { !$0.isUnknownName }) { return broken }
        for case .noAddresses(_, let server) in errors { return .noAddresses(families, server: server) }
        return errors.first ?? .cancelled
    }

    private func close() {
        if let timer = timer.take() { EventLoop.shared.cancel(timer) }
        guard let channel = channel.take() else { return }
        ares_destroy(channel)
    }

    private func openChannel() -> Int32 {
        _ = Self.library
        var options = ares_options()
        options.flags = ARES_FLAG_NOALIASES | (settings.usesTCP ? ARES_FLAG_USEVC : 0)
        options.timeout = Int32(clamping: settings.timeout.nanoseconds / 1_000_000)
        options.tries = Int32(settings.tries)
        options.ndots = Int32(settings.dots)
        options.sock_state_cb = CAresSockets.stateCallback
        options.sock_state_cb_data = Unmanaged.passUnretained(sockets).toOpaque()
        // We have read the machine's files, and c-ares is not to read others: names come from DNS, everything else is here.
        let lookups = strdup("b")
        let nothing = strdup("/dev/null")
        var domains: [UnsafeMutablePointer<CChar>?] = settings.searchDomains.map { strdup($0) }
        defer { for text in domains + [lookups, nothing] { free(text) } }
        options.lookups = lookups
        options.resolvconf_path = nothing
        options.ndomains = Int32(domains.count)
        let mask =
            ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS
            | ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF | ARES_OPT_NOROTATE
        let status = domains.withUnsafeMutableBufferPointer { buffer in
            options.domains = buffer.baseAddress
            return ares_init_options(&channel, &options, mask)
        }
        guard status == ARES_SUCCESS else { return status }
        ares_set_socket_functions(channel, CAresSockets.functions, Unmanaged.passUnretained(sockets).toOpaque())
        return setServers()
    }

    private func setServers() -> Int32 {
        var nodes = settings.servers.compactMap { server -> ares_addr_port_node? in
            guard let bytes = SocketAddress(server)?.bytes else { return nil }
            var node = ares_addr_port_node()
            node.family = server.family == .ip4 ? AF_INET : AF_INET6
            withUnsafeMutableBytes(of: &node.addr) { $0.copyBytes(from: bytes) }
            node.udp_port = Int32(server.port)
            node.tcp_port = Int32(server.port)
            return node
        }
        return nodes.withUnsafeMutableBufferPointer { nodes in
            for index in nodes.indices.dropLast() { nodes[index].next = nodes.baseAddress! + index + 1 }
            return ares_set_servers_ports(channel, nodes.baseAddress)
        }
    }

    private nonisolated static let library = ares_library_init(Int32(ARES_LIB_INIT_NONE))
}

extension NetworkAddress.Family {
    /// The number of the kind of record that holds such addresses.
    var recordNumber: UInt16 { self == .ip4 ? DNSReply.ip4Type : DNSReply.ip6Type }
}
