internal import CLinux
public import HTTPTrace

/// Where connections start from: curl's `--interface`.
public enum LocalEnd: Hashable, Sendable {
    /// One of this machine's addresses; the kernel chooses the port.
    case address(NetworkAddress)
    /// A network device, by its name: `eth0`.
    case device(String)

    /// Reads `eth0`, `192.0.2.1` or `2001:db8::1`.
    ///
    /// - Throws: When it is no address and no device of this machine.
    public static func parse(_ text: String) throws(DialOptionProblem) -> LocalEnd {
        if let address = SocketAddress.literal(text, port: 0) { return .address(address) }
        guard !text.isEmpty, if_nametoindex(text) != 0 else { throw .unknownLocalEnd(text) }
        return .device(text)
    }
}
