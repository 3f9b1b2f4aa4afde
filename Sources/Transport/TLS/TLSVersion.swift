internal import COpenSSL

/// The versions spoken here; RFC 8996 forbids the older ones.
public enum TLSVersion: String, Sendable, Hashable, CaseIterable {
    case tls12 = "TLSv1.2"
    case tls13 = "TLSv1.3"

    var number: Int { Int(self == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION) }
}
