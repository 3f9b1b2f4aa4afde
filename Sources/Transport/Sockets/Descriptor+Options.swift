internal import CLinux
internal import Glibc
internal import HTTPTrace

extension Descriptor {
    /// A new TCP socket, non-blocking, closed on exec, with Nagle's delay off.
    static func makeSocket(family: Int32) throws(StreamError) -> Descriptor {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let number = socket(family, kind, 0)
        guard number >= 0 else { throw .failed(call: "socket", code: errno) }
        let descriptor = try Descriptor(adopting: number, mayWrite: false)
        descriptor.setOption(TCP_NODELAY, level: Int32(IPPROTO_TCP))
        return descriptor
    }

    /// Binds a socket that has not connected yet.
    func start(from end: LocalEnd, toward family: NetworkAddress.Family) throws(StreamError) {
        switch end {
        case .device(let name):
            let result = setsockopt(number, SOL_SOCKET, SO_BINDTODEVICE, name, socklen_t(name.utf8.count))
            guard result == 0 else { throw .failed(call: "binding to \(name)", code: errno) }
        case .address(let address):
            // An IPv4 address is no place to reach an IPv6 one from.
            guard address.family == family, let local = SocketAddress(address) else {
                throw .failed(call: "binding to \(address.ip)", code: EAFNOSUPPORT)
            }
            let result = local.withBytes { bind(number, $0, $1) }
            guard result == 0 else { throw .failed(call: "binding to \(address.ip)", code: errno) }
        }
    }

    /// Switches a boolean option on. These can fail only for a closed or foreign descriptor.
    func setOption(_ option: Int32, level: Int32) {
        var on: Int32 = 1
        setsockopt(number, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Lets the next close send a reset (socket(7), SO_LINGER with no time).
    func resetOnClose() {
        var noTime = linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &noTime, socklen_t(MemoryLayout<linger>.size))
    }

    /// Whether what has arrived fills the room that the kernel has for it, so that the peer must wait. False once closed.
    var isFull: Bool {
        var room: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(number, SOL_SOCKET, SO_RCVBUF, &room, &length) == 0 else { return false }
        // Half of the room is for what packets weigh beside their bytes (tcp(7), tcp_adv_win_scale), and the last segment
        // need not fit.
        return Int(unread_bytes(number)) * 5 >= Int(room) * 2
    }

    /// How a connect ended: 0, or its errno. Writability alone doesn't tell; a refused socket is writable too.
    func pendingError() -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return errno }
        return code
    }
}
