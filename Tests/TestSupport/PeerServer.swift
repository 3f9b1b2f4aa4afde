internal import CLinux
internal import Glibc

/// A server of another make, on a port of its own on loopback.
public final class PeerServer: Sendable {
    public let port: UInt16
    private let process: ChildProcess
    private let log: OutputFile

    /// Starts it and waits until it accepts connections.
    ///
    /// - Parameter arguments: Given the port, the program and its arguments.
    public init(
        environment: [String: String] = ChildProcess.environment(), folder: String? = nil,
        _ arguments: (UInt16) throws -> [String]
    ) async throws {
        port = try Self.freePort()
        log = try OutputFile()
        let command = try arguments(port)
        process = try ChildProcess(
            command, environment: environment, folder: folder, output: .descriptor(log.descriptor),
            error: .descriptor(log.descriptor))
        do {
            try await wait(for: "\(command[0]) to accept connections") {
                if let ending = process.ending { throw HarnessError("\(command[0]) ended with \(ending).") }
                return Self.accepts(port)
            }
        } catch {
            throw HarnessError("\(error) It printed:\n\(log.text)")
        }
    }

    /// What it printed so far.
    public var output: String { log.text }

    public var plain: String { "http://127.0.0.1:\(port)" }
    public var secure: String { "https://127.0.0.1:\(port)" }

    /// Ends it. To be called in a `defer`, which also keeps it alive until then.
    public func stop() { process.stop() }

    /// A port that nobody listens on just now.
    ///
    /// Below 32768, where Linux begins to hand out ports by itself: no connection of another test takes it meanwhile.
    public static func freePort() throws -> UInt16 {
        for _ in 0..<200 {
            let port = UInt16.random(in: 20_000..<32_000)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
            if withAddress(port, { bind(descriptor, $0, $1) }) == 0 { return port }
        }
        throw HarnessError("No free port was found.")
    }

    private static func accepts(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return withAddress(port) { connect(descriptor, $0, $1) } == 0
    }

    private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
