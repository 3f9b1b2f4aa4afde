internal import CLinux
internal import Glibc
internal import HTTPTrace

/// An address in the kernel's form, with room for either family.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    /// Empty, for calls that fill it in.
    init() {}

    /// Nil when `address.ip` is no address of its family, or names a zone (`%eth0`) that this machine has not.
    init?(_ address: NetworkAddress) {
        switch address.family {
        case .ip4:
            var ip4 = sockaddr_in()
            ip4.sin_family = sa_family_t(AF_INET)
            ip4.sin_port = address.port.bigEndian
            guard inet_pton(AF_INET, address.ip, &ip4.sin_addr) == 1 else { return nil }
            assign(ip4)
        case .ip6:
            let parts = address.ip.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
            var ip6 = sockaddr_in6()
            ip6.sin6_family = sa_family_t(AF_INET6)
            ip6.sin6_port = address.port.bigEndian
            guard inet_pton(AF_INET6, String(parts[0]), &ip6.sin6_addr) == 1 else { return nil }
            if parts.count == 2 {
                ip6.sin6_scope_id = UInt32(parts[1]) ?? if_nametoindex(String(parts[1]))
                guard ip6.sin6_scope_id != 0 else { return nil }
            }
            assign(ip6)
        }
    }

    /// What `getaddrinfo` returned.
    init?(_ pointer: UnsafePointer<sockaddr>?, length: socklen_t) {
        guard let pointer, length <= self.length else { return nil }
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: Int(length)))
        }
        self.length = length
    }

    /// `host` and `port` where `host` is an address literal without brackets; nil for names.
    @inline(never)  // Else the kernel's forms of it would stay with a dial that waits.
    static func literal(_ host: String, port: UInt16) -> NetworkAddress? {
        let address = NetworkAddress(family: host.contains(":") ? .ip6 : .ip4, ip: host, port: port)
        return SocketAddress(address)?.networkAddress
    }

    /// The address that these four bytes are, with port 0.
    static func ip4(_ bytes: [UInt8]) -> NetworkAddress {
        NetworkAddress(family: .ip4, ip: bytes.map { String($0) }.joined(separator: "."), port: 0)
    }

    /// The address that these sixteen bytes are, with port 0.
    static func ip6(_ bytes: [UInt8]) -> NetworkAddress {
        var ip6 = sockaddr_in6()
        ip6.sin6_family = sa_family_t(AF_INET6)
        withUnsafeMutableBytes(of: &ip6.sin6_addr) { $0.copyBytes(from: bytes) }
        var address = SocketAddress()
        address.assign(ip6)
        return address.networkAddress!
    }

    /// The address alone, as it stands in a packet: 4 or 16 bytes.
    var bytes: [UInt8] {
        switch family {
        case AF_INET: withUnsafeBytes(of: load(sockaddr_in.self).sin_addr) { Array($0) }
        case AF_INET6: withUnsafeBytes(of: load(sockaddr_in6.self).sin6_addr) { Array($0) }
        default: []
        }
    }

    var family: Int32 { Int32(storage.ss_family) }

    /// In words; nil for families other than IPv4 and IPv6.
    var networkAddress: NetworkAddress? {
        switch family {
        case AF_INET:
            let ip4 = load(sockaddr_in.self)
            guard let ip = text(of: ip4.sin_addr, family: AF_INET) else { return nil }
            return NetworkAddress(family: .ip4, ip: ip, port: UInt16(bigEndian: ip4.sin_port))
        case AF_INET6:
            let ip6 = load(sockaddr_in6.self)
            guard let ip = text(of: ip6.sin6_addr, family: AF_INET6) else { return nil }
            return NetworkAddress(
                family: .ip6, ip: ip + zone(ip6.sin6_scope_id), port: UInt16(bigEndian: ip6.sin6_port))
        default: return nil
        }
    }

    /// Lends it to a call that reads it.
    func withBytes<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// Lends it to a call that fills it in.
    mutating func withMutableBytes<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
        }
    }

    private mutating func assign<Address>(_ address: Address) {
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: Address.self) }
        length = socklen_t(MemoryLayout<Address>.size)
    }

    private func load<Address>(_ type: Address.Type) -> Address {
        withUnsafeBytes(of: storage) { $0.load(as: Address.self) }
    }

    private func text<Address>(of address: Address, family: Int32) -> String? {
        withUnsafePointer(to: address) { address in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
                inet_ntop(family, address, buffer.baseAddress, socklen_t(buffer.count)).map { String(cString: $0) }
            }
        }
    }

    private func zone(_ index: UInt32) -> String {
        guard index != 0 else { return "" }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(IF_NAMESIZE)) { buffer in
            if_indextoname(index, buffer.baseAddress).map { "%" + String(cString: $0) } ?? "%\(index)"
        }
    }
}
