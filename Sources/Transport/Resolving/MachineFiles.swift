internal import CLinux
internal import Glibc
internal import HTTPTrace

// The files that say how this machine looks up names, read again when they have changed: a laptop that comes to another
// network gets another resolv.conf, and who edits /etc/hosts looks at us for the effect.

/// nsswitch.conf, resolv.conf and hosts of one folder.
@NetworkActor
final class MachineFiles {
    /// Larger files are read on a helper thread, since the network thread has no milliseconds to give.
    private static let quickBytes = 65_536
    /// A hosts file's end; what follows is not read. The longest lists of advertisers are a tenth of it.
    private nonisolated static let byteLimit = 64 << 20

    private let folder: String
    private var nsswitch: KnownFile
    private var resolvConf: KnownFile
    private var hosts: KnownFile

    nonisolated init(folder: String) {
        self.folder = folder
        nsswitch = KnownFile(path: folder + "/nsswitch.conf")
        resolvConf = KnownFile(path: folder + "/resolv.conf")
        hosts = KnownFile(path: folder + "/hosts")
    }

    /// How servers are asked, as of now.
    func settings(serverPort: UInt16) -> ResolverSettings {
        let text = resolvConf.read(upTo: Self.quickBytes).map { String(decoding: $0, as: UTF8.self) } ?? ""
        var settings = ResolverSettings(parsing: text, hostName: hostName())
        settings.servers = settings.servers.map { $0.with(port: serverPort) }
        return settings
    }

    /// What decides who is asked, as of now.
    func facts(_ settings: ResolverSettings) -> NamingFacts {
        let text = nsswitch.read(upTo: Self.quickBytes).map { String(decoding: $0, as: UTF8.self) }
        return NamingFacts(
            nsswitch: text, unknownOption: settings.unknownOption,
            resolverVariable: Self.resolverVariable, hostName: hostName(),
            hasMulticastList: access(folder + "/mdns.allow", F_OK) == 0)
    }

    /// What the hosts file says of `host`; empty when it doesn't know it.
    func addresses(of host: String) async -> [NetworkAddress] {
        if hosts.size() <= Self.quickBytes {
            return hosts.read(upTo: Self.quickBytes).map { HostsFile.addresses(of: host, in: $0.span) } ?? []
        }
        let path = hosts.path
        let addresses = Promise<[NetworkAddress]>()
        let hasStarted = startThread(named: "hosts") {
            let bytes = readFile(path, upTo: Self.byteLimit) ?? []
            let found = HostsFile.addresses(of: host, in: bytes.span)
            EventLoop.shared.execute { addresses.give(found) }
        }
        // Without a thread to give, the machine has other worries than a slow turn of ours.
        return hasStarted ? await addresses.value : []
    }

    // Go's three: LOCALDOMAIN counts also when it is empty.
    private static var resolverVariable: String? {
        if getenv("LOCALDOMAIN") != nil { return "LOCALDOMAIN" }
        return ["RES_OPTIONS", "HOSTALIASES"].first { getenv($0).map { $0.pointee != 0 } ?? false }
    }

    private func hostName() -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard gethostname(buffer.baseAddress!, buffer.count - 1) == 0 else { return "" }
            buffer[buffer.count - 1] = 0
            return String(cString: buffer.baseAddress!)
        }
    }
}

/// A file that is read anew only when it is another one than the last time.
private struct KnownFile {
    let path: String
    private var stamp = Stamp()
    private var bytes: [UInt8]?

    private struct Stamp: Equatable {
        var inode: UInt = 0
        var size = 0
        var seconds = 0
        var nanoseconds = -1
    }

    init(path: String) { self.path = path }

    /// 0 also when there is none.
    func size() -> Int { look().size }

    /// Nil when it can't be read.
    mutating func read(upTo limit: Int) -> [UInt8]? {
        let now = look()
        if now != stamp {
            stamp = now
            bytes = readFile(path, upTo: limit)
        }
        return bytes
    }

    private func look() -> Stamp {
        var status = stat()
        guard stat(path, &status) == 0 else { return Stamp() }
        return Stamp(
            inode: UInt(status.st_ino), size: Int(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
    }
}

private func readFile(_ path: String, upTo limit: Int) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    while bytes.count < limit {
        let room = min(65_536, limit - bytes.count)
        let piece = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress!, room))
        }
        if piece.isEmpty { break }
        bytes += piece
    }
    return bytes
}
