import FoundationEssentials
import TestSupport
import Testing

// What is told of handshakes with servers of other makes, and what can be asked of them, in curl's words.

@Suite("Handshakes of the probe", .serialized, .timeLimit(.minutes(5)))
struct ProbeHandshakeTests {
    private let folder: TemporaryFolder
    private let certificates: Certificates

    init() async throws {
        folder = try TemporaryFolder()
        certificates = try await Certificates(folder)
    }

    private func identity() async throws -> Certificates.Identity { try await certificates.identity("IP:127.0.0.1") }

    @Test(arguments: ["1.2", "1.3"])
    func `the second connection to nginx resumes the session, unless that is switched off`(version: String) async throws
    {
        let nginx = try await Peers.secureNginx(folder, identity())
        defer { nginx.stop() }
        let options = ["--json", "-c", "1", "-n", "3", "-H", "Connection: close", "--tls-max", version]
        let trust = ["--cacert", certificates.authority, "\(nginx.secure)/ca.pem"]
        let probe = try await Probe.run(arguments: options + trust)
        #expect(probe.ending == .exited(0), "\(probe.output)\(probe.error)")
        let handshakes = try HandshakeRecord.decode(probe.output)
        #expect(handshakes.map(\.tls.version) == Array(repeating: "TLSv\(version)", count: 3))
        #expect(handshakes.map(\.tls.resumption) == ["notOffered", "resumed", "resumed"])
        #expect(handshakes.allSatisfy { $0.tls.isVerified && $0.tls.certificates.first?.subject == "CN=server" })

        let fresh = try await Probe.run(arguments: options + ["--no-sessionid"] + trust)
        #expect(
            try HandshakeRecord.decode(fresh.output).map(\.tls.resumption)
                == ["notOffered", "notOffered", "notOffered"])
    }

    @Test func `every message is told with its time inside the phase`() async throws {
        let server = try await Peers.openssl(identity())
        defer { server.stop() }
        let probe = try await Probe.run("--json", "--cacert", certificates.authority, server.secure)
        let record = try #require(try HandshakeRecord.decode(probe.output).first)
        let phase = try #require(try probe.record.phases.first { $0.phase == "tls" })
        let messages = try #require(record.tls.messages)
        #expect(
            messages.prefix(6).map { "\($0.direction) \($0.name)" } == [
                "sent ClientHello", "received ServerHello", "received EncryptedExtensions", "received Certificate",
                "received CertificateVerify", "received Finished",
            ])
        let times = messages.map(\.atMs)
        #expect(times == times.sorted())
        let finished = try #require(messages.firstIndex { $0.direction == "sent" && $0.name == "Finished" })
        #expect(
            times[...finished].allSatisfy { $0 >= phase.startMs && $0 <= phase.startMs + phase.durationMs })
        let leaf = try #require(record.tls.certificates.first)
        #expect(record.tls.group != nil && record.tls.signature == "ECDSA SHA256")
        #expect(record.tls.trustAnchor == "CN=Tests")
        #expect(leaf.serial.count >= 8 && leaf.signature == "ecdsa-with-SHA256" && leaf.sha256.count == 64)
    }

    @Test(arguments: ["1.2", "1.3"])
    func `a server that demands a certificate gets it, or says what is missing`(version: String) async throws {
        let server = try await Peers.openssl(
            identity(), "-Verify", "1", "-verify_return_error", "-CAfile", certificates.authority)
        defer { server.stop() }
        let client = try await certificates.clientIdentity("alice")
        let trust = ["--json", "--cacert", certificates.authority, "--tls-max", version]
        let shown = try await Probe.run(
            arguments: trust + ["--cert", client.certificate, "--key", client.key, server.secure])
        #expect(shown.ending == .exited(0), "\(shown.output)\(shown.error)")
        #expect(try HandshakeRecord.decode(shown.output).first?.tls.clientCertificate == "sent")

        let missing = try await Probe.run(arguments: trust + [server.secure])
        #expect(missing.ending == .exited(35), "\(missing.output)\(missing.error)")
        let record = try missing.record
        #expect(record.outcome == "error:tls")
        let words = version == "1.2" ? "it asked for a client certificate and got none" : "certificate required"
        #expect(record.error?.message.contains(words) == true, "\(missing.output)")
        #expect(try HandshakeRecord.decode(missing.output).first?.tls.clientCertificate == "missing")
    }

    @Test
    func `a certificate and its key may be one file, encrypted, and what is wrong is said before anything is sent`()
        async throws
    {
        let server = try await Peers.openssl(
            identity(), "-Verify", "1", "-verify_return_error", "-CAfile", certificates.authority)
        defer { server.stop() }
        let client = try await certificates.clientIdentity("alice")
        let locked = folder.file("locked.key")
        try await ProgramRun.output(
            of: ["openssl", "pkcs8", "-topk8", "-in", client.key, "-out", locked, "-passout", "pass:open sesame"])
        let both = try await folder.write(
            "both.pem", ProgramRun.output(of: ["cat", client.certificate, locked]).utf8)
        let trust = ["--cacert", certificates.authority]

        for arguments in [["--cert", both, "--pass", "open sesame"], ["-E", "\(both):open sesame"]] {
            let probe = try await Probe.run(arguments: trust + arguments + [server.secure])
            #expect(probe.ending == .exited(0), "\(probe.output)\(probe.error)")
        }
        for (arguments, words) in [
            (["--cert", both], "the private key is encrypted and there is no password for it (--pass)"),
            (["--cert", both, "--pass", "guess"], "the password does not open the private key"),
            (["--cert", folder.file("none.pem")], "No such file"),
            (["--cert", client.certificate, "--key", folder.file("ca.key")], "key values mismatch"),
            (["--cert", client.certificate], "there is no private key in the PEM"),
        ] {
            let probe = try await Probe.run(arguments: arguments + ["https://127.0.0.1:1/"])
            #expect(probe.ending == .exited(58), "\(arguments) \(probe.output)\(probe.error)")
            #expect(probe.error.contains(words), "\(probe.error)")
        }
    }

    @Test func `SSLKEYLOGFILE gets the secrets, and a file that can't be written is named`() async throws {
        let server = try await Peers.openssl(identity())
        defer { server.stop() }
        let file = folder.file("keys.log")
        for _ in 1...2 {
            let probe = try await Probe.run(
                "--cacert", certificates.authority, server.secure, environment: ["SSLKEYLOGFILE": file])
            #expect(probe.ending == .exited(0), "\(probe.output)\(probe.error)")
        }
        let lines = try await ProgramRun.output(of: ["cat", file]).split(separator: "\n")
        #expect(lines.count == 10)
        #expect(lines.count { $0.hasPrefix("CLIENT_TRAFFIC_SECRET_0 ") } == 2)

        let refused = try await Probe.run(server.secure, environment: ["SSLKEYLOGFILE": "/nonexistent/keys"])
        #expect(refused.ending == .exited(77))
        #expect(refused.error.contains("/nonexistent/keys"), "\(refused.error)")
    }

    @Test func `versions, ciphers and groups are offered as asked`() async throws {
        let server = try await Peers.openssl(identity())
        defer { server.stop() }
        let trust = ["--json", "--cacert", certificates.authority]
        let old = try await Probe.run(
            arguments: trust + [
                "--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-CHACHA20-POLY1305", "--curves", "P-384:P-256",
                server.secure,
            ])
        let tls = try #require(try HandshakeRecord.decode(old.output).first?.tls)
        #expect(tls.cipher == "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" && tls.group == "secp384r1")
        let new = try await Probe.run(
            arguments: trust + ["--tlsv1.3", "--tls13-ciphers", "TLS_AES_128_GCM_SHA256", server.secure])
        #expect(try HandshakeRecord.decode(new.output).first?.tls.cipher == "TLS_AES_128_GCM_SHA256")
        #expect(try await Probe.run("--ciphers", "ROT13", server.secure).error.contains("ROT13"))
        #expect(try await Probe.run("--tlsv1.3", "--tls-max", "1.2", server.secure).ending == .exited(2))
    }

    @Test func `no version in common ends with 35, and both offers are told`() async throws {
        let server = try await Peers.openssl(identity(), "-tls1_2")
        defer { server.stop() }
        let probe = try await Probe.run("--json", "--cacert", certificates.authority, "--tlsv1.3", server.secure)
        #expect(probe.ending == .exited(35))
        #expect(try probe.record.error?.message.contains("protocol version") == true, "\(probe.output)")
        let tls = try #require(try HandshakeRecord.decode(probe.output).first?.tls)
        #expect(tls.offered?.versions == ["TLSv1.3"])
        #expect(tls.messages?.last.map { "\($0.direction) \($0.name)" } == "received alert: protocol version")
    }

    @Test(arguments: [("V", "good"), ("R", "revoked")])
    func `a stapled OCSP answer is read and its signature checked`(mark: String, status: String) async throws {
        let identity = try await identity()
        let staple = try await certificates.staple(about: identity, mark: mark)
        let server = try await Peers.openssl(identity, "-status_file", staple)
        defer { server.stop() }
        let probe = try await Probe.run("--json", "--cacert", certificates.authority, server.secure)
        let ocsp = try #require(try HandshakeRecord.decode(probe.output).first?.tls.ocsp, "\(probe.output)")
        #expect(ocsp.status == status && ocsp.isSigned)
        #expect(ocsp.thisUpdate != nil && ocsp.nextUpdate != nil)
        #expect((ocsp.revokedAt != nil) == (status == "revoked"))
    }

    @Test func `a folder of authorities and a pinned key are asked like curl's`() async throws {
        let identity = try await identity()
        let server = try await Peers.openssl(identity)
        defer { server.stop() }
        let roots = folder.file("roots")
        try await ProgramRun.output(of: ["mkdir", roots])
        try folder.write("roots/ca.pem", try await ProgramRun.output(of: ["cat", certificates.authority]).utf8)
        try await ProgramRun.output(of: ["openssl", "rehash", roots])
        #expect(try await Probe.run("--capath", roots, server.secure).ending == .exited(0))

        let pin = try await ProgramRun.output(of: [
            "sh", "-c",
            "openssl x509 -in \(identity.certificate) -pubkey -noout | openssl pkey -pubin -outform der"
                + " | openssl dgst -sha256 -binary | base64",
        ]).trimmed
        for (options, code) in [
            (["--pinnedpubkey", "sha256//\(pin)"], Int32(0)), (["--pinnedpubkey", "sha256//\(pin)", "-k"], 0),
            (["--pinnedpubkey", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "-k"], 90),
        ] {
            let probe = try await Probe.run(
                arguments: ["--cacert", certificates.authority] + options + [server.secure])
            #expect(probe.ending == .exited(code), "\(options) \(probe.output)\(probe.error)")
        }
        #expect(try await Probe.run("--pinnedpubkey", "md5//x", server.secure).ending == .exited(2))
        #expect(try await Probe.run("--ciphers", "ROT13", server.secure).ending == .exited(59))
    }

    @Test(arguments: [("-days", "-1", "certificate has expired"), ("-set_subject", "", "self-signed certificate")])
    func `a bad certificate is shown with the verdict, also to readers of JSON`(
        option: String, value: String, problem: String
    ) async throws {
        let identity =
            problem.hasPrefix("self")
            ? try await certificates.selfSigned("IP:127.0.0.1") : try await certificates.expired("IP:127.0.0.1")
        let server = try await Peers.openssl(identity)
        defer { server.stop() }
        let probe = try await Probe.run("--json", "--cacert", certificates.authority, server.secure)
        #expect(probe.ending == .exited(60), "\(probe.output)\(probe.error)")
        let tls = try #require(try HandshakeRecord.decode(probe.output).first?.tls)
        #expect(!tls.isVerified && tls.problem == problem)
        #expect(tls.certificates.count == 1)
    }

    @Test func `names in a certificate command no terminal`() async throws {
        let identity = try await certificates.selfSigned(
            "IP:127.0.0.1", subject: "/CN=\u{1B}]0;owned\u{7}\u{202E}txt\u{9B}31m/O=\u{1B}[2J")
        let server = try await Peers.openssl(identity)
        defer { server.stop() }
        // `Probe.run` looks for what commands a terminal in whatever is printed.
        for options in [["-k"], ["-k", "--json"], [], ["--json"]] {
            let probe = try await Probe.run(arguments: options + [server.secure])
            #expect(probe.output.contains("owned"), "\(probe.output)")
        }
    }

    @Test func `HAR tells of the handshake, also in Playwright's words`() async throws {
        let server = try await Peers.openssl(identity())
        defer { server.stop() }
        let file = folder.file("out.har")
        _ = try await Probe.run("--cacert", certificates.authority, "--har", file, server.secure)
        let text = try await ProgramRun.output(of: ["cat", file])
        #expect(text.contains(#""_securityDetails":{"protocol":"TLS 1.3","subjectName":"server","issuer":"Tests""#))
        #expect(text.contains(#""direction":"sent","name":"ClientHello""#))
        try await HARReaders.validate(file)
        _ = try await HARReaders.haralyze(file)
    }
}

/// What `--json` tells of a handshake, as far as tests look at it.
private struct HandshakeRecord: Decodable {
    struct TLS: Decodable {
        var version: String
        var cipher: String
        var group: String?
        var signature: String?
        var resumption: String
        var isVerified: Bool
        var problem: String?
        var trustAnchor: String?
        var clientCertificate: String?
        var ocsp: OCSP?
        var offered: Offer?
        var certificates: [Certificate]
        var messages: [Message]?

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Member.self)
            version = try members.decode(String.self, forKey: .version)
            cipher = try members.decode(String.self, forKey: .cipher)
            group = try members.decodeIfPresent(String.self, forKey: .group)
            signature = try members.decodeIfPresent(String.self, forKey: .signature)
            resumption = try members.decode(String.self, forKey: .resumption)
            isVerified = try members.decode(Bool.self, forKey: .isVerified)
            problem = try members.decodeIfPresent(String.self, forKey: .problem)
            trustAnchor = try members.decodeIfPresent(String.self, forKey: .trustAnchor)
            clientCertificate = try members.decodeIfPresent(String.self, forKey: .clientCertificate)
            ocsp = try members.decodeIfPresent(OCSP.self, forKey: .ocsp)
            offered = try members.decodeIfPresent(Offer.self, forKey: .offered)
            // Absent where the peer showed none.
            certificates = try members.decodeIfPresent([Certificate].self, forKey: .certificates) ?? []
            messages = try members.decodeIfPresent([Message].self, forKey: .messages)
        }

        enum Member: CodingKey {
            case version, cipher, group, signature, resumption, isVerified, problem, trustAnchor, clientCertificate
            case ocsp, offered, certificates, messages
        }
    }

    struct OCSP: Decodable {
        var status: String
        var isSigned: Bool
        var thisUpdate: String?
        var nextUpdate: String?
        var revokedAt: String?
    }

    struct Offer: Decodable {
        var versions: [String]
    }

    struct Certificate: Decodable {
        var subject: String
        var serial: String
        var signature: String
        var sha256: String
    }

    struct Message: Decodable {
        var atMs: Double
        var direction: String
        var name: String
    }

    var tls: TLS

    static func decode(_ lines: String) throws -> [HandshakeRecord] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try lines.split(separator: "\n").map { try decoder.decode(Self.self, from: Data($0.utf8)) }
    }
}

extension String {
    fileprivate var trimmed: String { String(prefix { !$0.isNewline }) }
}
