internal import CAres
internal import CLinux
internal import Glibc
internal import HTTPTrace

// The sockets of one c-ares channel, on our event loop: c-ares makes its system calls through these functions, and is
// called when they can get on. In passing they note what its callbacks don't tell: who was asked, how often, and whose
// answer it was.

@NetworkActor
final class CAresSockets {
    struct Peer {
        var server: NetworkAddress
        var isTCP: Bool
    }

    private struct Socket {
        let descriptor: Descriptor
        let isTCP: Bool
        var peer: Peer?
        var isWaitingToWrite = false
    }

    /// Lets c-ares go on: a socket to read, a socket to write to, or neither when its time has come.
    var process: @NetworkActor (_ reading: Int32, _ writing: Int32) -> Void = { _, _ in }
    /// Whose bytes were read last: during a callback of c-ares, who answered.
    private(set) var lastPeer: Peer?
    /// In the order in which they were first asked.
    private(set) var askedServers: [NetworkAddress] = []
    /// Questions sent, by the kind of record they ask for.
    private(set) var questionCount: [UInt16: Int] = [:]
    /// The latest answer that was no answer, by the kind of record asked for: c-ares passes over it to the next server, and
    /// forgets what it said.
    private(set) var rejections: [UInt16: (code: UInt8, server: NetworkAddress)] = [:]
    /// The last system call that failed, in words; nil without any.
    private(set) var lastProblem: String?

    private let servers: [NetworkAddress]
    private var sockets: [Int32: Socket] = [:]
    /// Whether the last read found nothing more.
    private var isDry = false

    /// How many reads one edge is good for, before others on the loop have their turn.
    private static let readsInARow = 64

    /// - Parameter servers: With their zones, which c-ares loses.
    init(servers: [NetworkAddress]) { self.servers = servers }

    // MARK: For the loop

    /// Edge-triggered: c-ares is called until a read finds nothing, since the edge won't come again.
    private func noticeReadable(_ number: Int32) {
        for _ in 0..<Self.readsInARow {
            guard sockets[number] != nil else { return }
            isDry = true
            process(number, ARES_SOCKET_BAD)
            if isDry { return }
        }
        EventLoop.shared.execute { self.noticeReadable(number) }
    }

    private func wantsToWrite(_ number: Int32) {
        guard let socket = sockets[number], socket.isTCP, !socket.isWaitingToWrite else { return }
        sockets[number]!.isWaitingToWrite = true
        let descriptor = socket.descriptor
        Task.onNetwork { [self] in
            guard await descriptor.waitUntilWritable() == .ready, sockets[number]?.descriptor === descriptor else {
                return
            }
            sockets[number]!.isWaitingToWrite = false
            process(ARES_SOCKET_BAD, number)
        }
    }

    // MARK: For c-ares

    private func open(_ family: Int32, _ kind: Int32, _ transport: Int32) -> Int32 {
        let number = socket(family, kind | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), transport)
        guard number >= 0 else { return failed(errno) }
        let isTCP = kind == Int32(SOCK_STREAM.rawValue)
        do throws(StreamError) {
            let descriptor = try Descriptor(adopting: number, mayWrite: !isTCP)
            descriptor.onReadableWhileIdle = { [unowned self] in noticeReadable(number) }
            sockets[number] = Socket(descriptor: descriptor, isTCP: isTCP)
            return number
        } catch {
            return failed(EMFILE)
        }
    }

    private func close(_ number: Int32) -> Int32 {
        sockets.removeValue(forKey: number)?.descriptor.close()
        return 0
    }

    private func connect(_ number: Int32, _ pointer: UnsafePointer<sockaddr>?, _ length: socklen_t) -> Int32 {
        guard let wanted = SocketAddress(pointer, length: length)?.networkAddress, let isTCP = sockets[number]?.isTCP
        else { return failed(EINVAL) }
        let server = servers.first { $0.port == wanted.port && $0.ip.prefix { $0 != "%" } == wanted.ip } ?? wanted
        sockets[number]!.peer = Peer(server: server, isTCP: isTCP)
        if !askedServers.contains(server) { askedServers.append(server) }
        guard let address = SocketAddress(server) else { return failed(EINVAL) }
        let result = address.withBytes { Glibc.connect(number, $0, $1) }
        return result < 0 && errno != EINPROGRESS ? failed(errno) : result
    }

    private func receive(
        _ number: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32,
        _ from: UnsafeMutablePointer<sockaddr>?, _ length: UnsafeMutablePointer<socklen_t>?
    ) -> Int {
        let result = recvfrom(number, buffer, count, flags, from, length)
        isDry = result <= 0
        if result > 0 {
            lastPeer = sockets[number]?.peer
            noteRejection(UnsafeRawBufferPointer(start: buffer, count: result))
        } else if result < 0, errno != EAGAIN {
            // A port where nobody listens, as the ICMP message says.
            return Int(failed(errno))
        }
        return result
    }

    private func send(_ number: Int32, _ parts: UnsafePointer<iovec>?, _ count: Int32) -> Int {
        guard let parts, let socket = sockets[number] else { return Int(failed(EBADF)) }
        for part in UnsafeBufferPointer(start: parts, count: Int(count)) {
            let bytes = UnsafeRawBufferPointer(start: part.iov_base, count: part.iov_len)
            // Over TCP its length comes first.
            noteQuestion(Array(socket.isTCP ? bytes.dropFirst(2) : bytes[...]))
        }
        var message = msghdr()
        message.msg_iov = UnsafeMutablePointer(mutating: parts)
        message.msg_iovlen = Int(count)
        let result = sendmsg(number, &message, Int32(MSG_NOSIGNAL))
        guard result < 0 else { return result }
        if errno == EAGAIN {
            socket.descriptor.noteFull()
            errno = EAGAIN
            return -1
        }
        return Int(failed(errno))
    }

    private func noteQuestion(_ message: [UInt8]) {
        guard let type = (try? DNSReply(parsing: message.span))?.questionType else { return }
        questionCount[type, default: 0] += 1
    }

    private func noteRejection(_ message: UnsafeRawBufferPointer) {
        // 0 is an answer, 3 (NXDOMAIN) as well.
        guard message.count >= 12, let peer = lastPeer, message[3] & 0x0F != 0, message[3] & 0x0F != 3,
            let type = (try? DNSReply(parsing: Array(message).span))?.questionType
        else { return }
        rejections[type] = (message[3] & 0x0F, peer.server)
    }

    private func failed(_ code: Int32) -> Int32 {
        lastProblem = errorWords(code)
        errno = code
        return -1
    }

    // MARK: The functions c-ares calls

    // Pointers are not Sendable; these don't leave the thread that c-ares was called on, which is ours.
    nonisolated(unsafe) static let functions: UnsafePointer<ares_socket_functions> = {
        let functions = UnsafeMutablePointer<ares_socket_functions>.allocate(capacity: 1)
        functions.initialize(
            to: ares_socket_functions(
                asocket: { family, kind, transport, sockets in
                    with(sockets) { $0.open(family, kind, transport) }
                },
                aclose: { number, sockets in with(sockets) { $0.close(number) } },
                aconnect: { number, address, length, sockets in
                    nonisolated(unsafe) let address = address
                    return with(sockets) { $0.connect(number, address, length) }
                },
                arecvfrom: { number, buffer, count, flags, from, length, sockets in
                    nonisolated(unsafe) let pointers = (buffer, from, length)
                    return with(sockets) { $0.receive(number, pointers.0, count, flags, pointers.1, pointers.2) }
                },
                asendv: { number, parts, count, sockets in
                    nonisolated(unsafe) let parts = parts
                    return with(sockets) { $0.send(number, parts, count) }
                }))
        return UnsafePointer(functions)
    }()

    nonisolated static let stateCallback: ares_sock_state_cb = { sockets, number, _, isWriting in
        guard isWriting != 0 else { return }
        with(sockets) { $0.wantsToWrite(number) }
    }
}

private func with<Result: Sendable>(
    _ pointer: UnsafeMutableRawPointer?, _ body: @NetworkActor (CAresSockets) -> Result
) -> Result {
    let sockets = Unmanaged<CAresSockets>.fromOpaque(pointer!).takeUnretainedValue()
    return NetworkActor.assumeIsolated { body(sockets) }
}
