import HTTPTrace
import HTTPTypes
import Sessions
import TestSupport
import Testing
import TextScreen

@testable import Inspector

@Suite("Screens about TLS")
struct TLSScreenTests {
    private static let leaf = TLSFacts.Certificate(
        subject: "CN=shop.example.com, O=Example Shopping & Delivery GmbH, C=DE",
        issuer: "CN=Example CA R3, O=Example Trust Services, C=US",
        names: (1...9).map { "shop\($0).example.com" } + ["192.0.2.7"], namesLeftOut: 12,
        notBefore: 1_758_000_000, notAfter: 1_764_000_000, serial: "03a1b2c3d4e5f60718293a4b5c6d7e8f9012",
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", key: "RSA 2048",
        signature: "sha256WithRSAEncryption")
    private static let issuer = TLSFacts.Certificate(
        subject: "CN=Example CA R3, O=Example Trust Services, C=US", issuer: "CN=Example Root X1", names: [],
        notBefore: 1_600_000_000, notAfter: 1_900_000_000, serial: "912b084acf0c18a753f6d62e25a75f5a",
        sha256: "67add1166b020ae61b8f5fc96813c04c2aa589960796865572a3c7e737613dfd", key: "EC P-384",
        signature: "ecdsa-with-SHA384")

    private static func facts(
        problem: String? = nil, depth: Int? = nil, unverified: Bool = false, staple: TLSFacts.OCSPStaple.Status = .good
    ) -> TLSFacts {
        let isDone = problem == nil || unverified
        return TLSFacts(
            version: isDone ? "TLSv1.3" : "", cipher: isDone ? "TLS_AES_256_GCM_SHA384" : "",
            group: isDone ? "x25519" : nil, signature: isDone ? "RSA-PSS SHA256" : nil,
            alpn: isDone ? "http/1.1" : nil, serverName: "shop.example.com", hasRetriedHello: isDone,
            resumption: .declined, certificates: [leaf, issuer],
            trustAnchor: problem == nil ? "CN=Example Root X1" : nil, verificationProblem: problem,
            problemDepth: depth, isUnverified: unverified,
            staple: .init(status: staple, thisUpdate: 1_763_000_000, nextUpdate: 1_763_900_000, isSigned: true),
            timestamps: [
                .init(log: "12f14e34bd53724c840619c38f3f7a13f8e7b56287889c6d300584ebe586263a", time: 0, source: .staple)
            ],
            clientCertificate: .askedInVain,
            offer: isDone ? nil : .init(versions: ["TLSv1.2", "TLSv1.3"], ciphers: ["A", "B"]))
    }

    /// One request with a handshake of 60 ms, and where in it each message passed.
    private static func session(_ facts: TLSFacts, failure: Failure? = nil) -> ScriptedSession {
        var session = ScriptedSession()
        var probe = ScriptedSession.Probe(
            number: 1, url: "https://shop.example.com/cart", start: 0, connection: 1,
            phases: [(.dns, 4), (.connect, 20), (.tls, 60), (.send, 0.2), (.wait, 25), (.receive, 3)], status: 200,
            bytes: 1_200)
        probe.tls = facts
        probe.messages = [
            (0.3, .sent, .handshake(1), 517), (20.2, .received, .helloRetryRequest, 88),
            (20.4, .sent, .handshake(1), 550),
            (40.5, .received, .handshake(2), 122), (40.6, .received, .handshake(8), 27),
            (40.7, .received, .handshake(13), 42), (40.9, .received, .handshake(11), 2_761),
        ]
        if let failure {
            probe.phases = Array(probe.phases.prefix(3))
            probe.failure = failure
            probe.messages.append((59, .sent, .alert(TLSAlert(code: 45, isFatal: true)), 2))
        } else {
            probe.messages += [
                (44, .received, .handshake(15), 264), (45, .received, .handshake(20), 36),
                (59, .sent, .handshake(20), 36),
            ]
        }
        session.add(probe)
        return session
    }

    private func expect(
        _ session: ScriptedSession, _ tab: DetailTab, columns: Int, rows: Int, looksLike name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var model = ScreenTests.model(columns: columns, rows: rows, selecting: 1, session: session)
        model.tab = tab
        _ = update(&model, .key(.enter), at: ScriptedSession.now)
        expectScreen(
            render(model, at: ScriptedSession.now).screen, matches: name, in: "InspectorTests/Screens",
            sourceLocation: sourceLocation)
    }

    @Test(arguments: [(120, 36), (80, 24), (40, 12)])
    func `a handshake with everything there is to say about it`(columns: Int, rows: Int) {
        expect(
            Self.session(Self.facts()), .tls, columns: columns, rows: rows, looksLike: "tls-\(columns)x\(rows)")
    }

    @Test(arguments: [(120, 36), (80, 24)])
    func `the phase opens into its flights`(columns: Int, rows: Int) {
        expect(
            Self.session(Self.facts()), .timing, columns: columns, rows: rows,
            looksLike: "tls-flights-\(columns)x\(rows)")
    }

    @Test func `each message is an event`() {
        expect(Self.session(Self.facts()), .events, columns: 100, rows: 40, looksLike: "tls-events")
    }

    @Test func `a handshake that failed shows the certificates all the same`() {
        let problem = "certificate has expired"
        let failure = Failure(.tls, phase: .tls, "the certificate can't be trusted: \(problem)", isCertificate: true)
        expect(
            Self.session(Self.facts(problem: problem, depth: 1), failure: failure), .tls, columns: 100, rows: 40,
            looksLike: "tls-failed")
    }

    @Test func `what was accepted without being good is said in capitals`() {
        let facts = Self.facts(problem: "self-signed certificate", depth: 0, unverified: true, staple: .revoked(at: 0))
        expect(Self.session(facts), .tls, columns: 100, rows: 40, looksLike: "tls-unverified")
    }

    @Test(arguments: [(120, 36), (80, 24)])
    func `as long as nothing is checked, the top line says so`(columns: Int, rows: Int) {
        var model = ScreenTests.model(columns: columns, rows: rows)
        model.alarm = "NO CERTIFICATE IS CHECKED (-k)"
        model.standingOptions = []
        expectScreen(
            render(model, at: ScriptedSession.now).screen, matches: "unchecked-\(columns)x\(rows)",
            in: "InspectorTests/Screens")
    }

    @Test(arguments: [
        ("one two three", 7, ["one two", "three"]), ("abcdefgh", 3, ["abc", "def", "gh"]), ("", 5, [""]),
        ("ab abcdef", 4, ["ab", "abcd", "ef"]), ("東京都", 4, ["東京", "都"]),
    ])
    func `a value that is too long goes on below`(text: String, columns: Int, lines: [String]) {
        let wrapped = FactLines.wrapped(text, columns: columns)
        #expect(wrapped.allSatisfy { $0.width <= columns })
        #expect(wrapped.map(\.string) == lines)
    }
}
