public import Transport

/// Certificates for tests on this machine, made anew in every run so that none can expire in a drawer.
public enum TestCertificates {
    public static let authority = CertificateAuthority(name: "Tests of roundtrip")

    /// Good for `localhost`, 127.0.0.1 and ::1.
    public static let localhost = authority.issue(for: ["localhost", "127.0.0.1", "::1"])

    /// A client's settings that trust them, and nobody else.
    public static var trusting: TLSContext.ClientConfiguration {
        var configuration = TLSContext.ClientConfiguration()
        configuration.usesSystemRoots = false
        configuration.extraRoots = authority.certificatePEM
        return configuration
    }
}
