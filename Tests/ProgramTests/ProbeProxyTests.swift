import FoundationEssentials
import TestSupport
import Testing

// Through other people's proxies: tinyproxy, haproxy's TLS before it, microsocks.

@Suite("Probing through proxies", .serialized, .timeLimit(.minutes(5)))
struct ProbeProxyTests {
    @Test func `tinyproxy makes the requests for http, as it does for curl`() async throws {
        let folder = try TemporaryFolder()
        let server = try await Peers.nginx(folder)
        defer { server.stop() }
        let proxy = try await Peers.tinyproxy(folder)
        defer { proxy.stop() }
        let probe = try await Probe.run("--json", "-x", proxy.plain, "\(server.plain)/nginx.conf")
        let record = try probe.record
        #expect(record.status == 200, "\(probe.output)\(probe.error)\(proxy.output)")
        #expect(record.connection?.proxy == proxy.plain)
        #expect(!record.phaseNames.contains("tunnel"))
        let curl = try await CurlTimes.measured("\(server.plain)/nginx.conf", "-x", proxy.plain)
        #expect(curl.responseCode == record.curl.responseCode)
        #expect(curl.sizeDownload == record.curl.sizeDownload)
        #expect(proxy.output.contains("GET \(server.plain)/nginx.conf HTTP/1.1"))
    }

    @Test func `tinyproxy opens tunnels for https, and the tunnel is a phase of its own`() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await Certificates(folder)
        let server = try await Peers.openssl(certificates.identity("IP:127.0.0.1"))
        defer { server.stop() }
        let proxy = try await Peers.tinyproxy(folder)
        defer { proxy.stop() }
        let probe = try await Probe.run("--json", "-x", proxy.plain, "--cacert", certificates.authority, server.secure)
        let record = try probe.record
        #expect(record.status == 200, "\(probe.output)\(probe.error)\(proxy.output)")
        #expect(record.phaseNames == ["queued", "connect", "tunnel", "tls", "send", "wait", "receive"])
        #expect(record.tunnel?.status == 200)
        #expect(record.tunnel?.target == "127.0.0.1:\(server.port)")

        // The way back: nothing of it where hosts are excepted.
        let direct = try await Probe.run(
            "--json", "-x", proxy.plain, "--noproxy", "127.0.0.0/8", "--cacert", certificates.authority, server.secure)
        #expect(try direct.record.connection?.proxy == nil)
        #expect(try direct.record.status == 200)
    }

    @Test func `a proxy that asks who we are is told so, and nobody else is`() async throws {
        let folder = try TemporaryFolder()
        let server = try await Peers.nginx(folder)
        defer { server.stop() }
        let proxy = try await Peers.tinyproxy(folder, login: "ada hush")
        defer { proxy.stop() }
        let url = "\(server.plain)/nginx.conf"

        let stranger = try await Probe.run("--json", "-p", "-x", proxy.plain, url)
        #expect(stranger.ending == .exited(97), "\(stranger.output)\(stranger.error)")
        let refused = try stranger.record
        #expect(refused.outcome == "error:proxy")
        #expect(refused.error?.phase == "tunnel")
        #expect(refused.error?.message.hasPrefix("the proxy asks for credentials (407") == true)
        #expect(refused.tunnel?.status == 407)
        #expect(refused.tunnel?.body?.contains("requires authentication") == true)
        // Where the proxy makes the request, its refusal is an answer like any other.
        #expect(try await Probe.run("--json", "-x", proxy.plain, url).record.status == 407)

        let named = proxy.plain.replacing("http://", with: "http://ada:hush@")
        for options in [["-x", named], ["-x", proxy.plain, "--proxy-user", "ada:hush"], ["-p", "-x", named]] {
            let har = folder.file("probe.har")
            let run = try Probe.start(["--json", "--har", har] + options + [url])
            #expect(try await run.finish() == .exited(0), "\(run.output)\(run.error)")
            #expect(try ProbeRecord.decode(lines: run.output).first?.status == 200)
            let written = run.output + run.error + (try String(contentsOfFile: har, encoding: .utf8))
            for secret in ["hush", "YWRhOmh1c2g"] { #expect(!written.contains(secret), "\(options)") }
        }
    }

    @Test func `haproxy's TLS before the proxy is checked for itself`() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await Certificates(folder)
        let identity = try await certificates.identity("IP:127.0.0.1")
        let server = try await Peers.openssl(identity)
        defer { server.stop() }
        let proxy = try await Peers.tinyproxy(folder)
        defer { proxy.stop() }
        let front = try await Peers.encrypted(proxy, identity, folder)
        defer { front.stop() }

        let trusting = try await Probe.run(
            "--json", "-x", front.secure, "--proxy-cacert", certificates.authority, "--cacert", certificates.authority,
            server.secure)
        #expect(try trusting.record.status == 200, "\(trusting.output)\(trusting.error)\(proxy.output)")
        #expect(try trusting.record.phaseNames.contains("tunnel"))

        // curl's rule: -k and --cacert say nothing about the proxy.
        let distrusting = try await Probe.run("--json", "-x", front.secure, "-k", server.secure)
        #expect(distrusting.ending == .exited(60), "\(distrusting.output)\(distrusting.error)")
        #expect(try distrusting.record.error?.message.hasPrefix("TLS with the proxy: ") == true)

        let careless = try await Probe.run("--json", "-x", front.secure, "--proxy-insecure", "-k", server.secure)
        #expect(try careless.record.status == 200)
        #expect(careless.error.contains("--proxy-insecure"))
    }

    @Test func `SOCKS5, with names looked up here and there, with and without a login`() async throws {
        let folder = try TemporaryFolder()
        let server = try await Peers.nginx(folder)
        defer { server.stop() }
        let open = try await Peers.socks()
        defer { open.stop() }
        let guarded = try await Peers.socks(login: ("ada", "hush"))
        defer { guarded.stop() }
        let url = "http://localhost:\(server.port)/nginx.conf"
        for (proxy, isLookedUpHere) in [
            ("socks5h://127.0.0.1:\(open.port)", false), ("socks5://127.0.0.1:\(open.port)", true),
            ("socks5h://ada:hush@127.0.0.1:\(guarded.port)", false),
        ] {
            let probe = try await Probe.run("--json", "-x", proxy, isLookedUpHere ? "\(server.plain)/nginx.conf" : url)
            #expect(try probe.record.status == 200, "\(proxy): \(probe.output)\(probe.error)")
            #expect(try probe.record.phaseNames.contains("tunnel"))
            #expect(try probe.record.tunnel?.reply == 0)
        }
        let stranger = try await Probe.run("--json", "-x", "socks5h://127.0.0.1:\(guarded.port)", url)
        #expect(stranger.ending == .exited(97))
        #expect(try stranger.record.error?.message == "the proxy asks for a user and password")
        let wrong = try await Probe.run("--json", "-x", "socks5h://ada:hash@127.0.0.1:\(guarded.port)", url)
        #expect(try wrong.record.error?.message == "the proxy refused the user and password")
    }

    @Test func `the environment names proxies, and what names none is said aloud`() async throws {
        let folder = try TemporaryFolder()
        let proxy = try await Peers.tinyproxy(folder)
        defer { proxy.stop() }
        for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
            // Nobody has this name: the proxy says so, which is how we know that it was asked.
            let probe = try await Probe.run(
                "--json", "http://nobody.invalid/", environment: [variable: "127.0.0.1:\(proxy.port)"])
            #expect(try probe.record.connection?.proxy == proxy.plain, "\(probe.output)\(probe.error)")
        }
        let server = try await Peers.nginx(folder)
        defer { server.stop() }
        let probe = try await Probe.run(
            "--json", server.plain, environment: ["HTTP_PROXY": "gopher://127.0.0.1", "HTTPS_PROXY": proxy.plain])
        #expect(probe.error.contains("HTTP_PROXY is ignored."))
        #expect(try probe.record.connection?.proxy == nil)
    }

    @Test(arguments: [
        ["-x", "socks4://127.0.0.1", "http://a.example"], ["--proxy-header", "none", "http://a.example"],
        ["--max-idle", "0", "http://a.example"], ["--idle-timeout", "-1", "http://a.example"],
    ])
    func `options that make no sense end with 2`(arguments: [String]) async throws {
        let run = try Probe.start(arguments)
        #expect(try await run.finish() == .exited(2), "\(run.error)")
    }

    @Test func `connections are limited as the options say`() async throws {
        let folder = try TemporaryFolder()
        let server = try await Peers.nginx(folder)
        defer { server.stop() }
        let url = "\(server.plain)/nginx.conf"
        func connections(_ options: String...) async throws -> Set<Int> {
            let run = try Probe.start(["--json", "-n", "6"] + options + [url])
            #expect(try await run.finish() == .exited(0), "\(run.output)\(run.error)")
            return Set(try ProbeRecord.decode(lines: run.output).compactMap { $0.connection?.id })
        }
        #expect(try await connections("-c", "1").count == 1)
        #expect(try await connections("-c", "1", "--no-reuse").count == 6)
        #expect(try await connections("-c", "1", "--max-uses", "2").count == 3)
        #expect(try await connections("-c", "6", "--max-connections-per-host", "2").count <= 2)
        #expect(try await connections("-c", "6", "--max-connections", "1").count == 1)
    }
}
