import TestSupport
import Testing

// What physics says must be what the phases say. Lower bounds are exact; upper ones leave a busy machine another distance.
@Suite(
    "Across a distance", .timeLimit(.minutes(10)),
    .enabled(if: SlowNetwork.obstacle == nil, "\(SlowNetwork.obstacle ?? "")"))
struct SlowNetworkTests {
    @Test func `connecting takes there and back, and so does waiting, at least`() async throws {
        let network = try await SlowNetwork(oneWay: 250)
        let record = try await network.probe("http://\(SlowNetwork.address):8080/").record
        await network.close()
        #expect(record.outcome == "ok")
        let connect = try #require(record.duration(of: "connect"))
        #expect(connect >= 500 && connect < 1_000)
        #expect(try #require(record.duration(of: "wait")) >= 500)
        // The kernel measured the same way, once at the handshake and once at the end.
        let tcp = try #require(record.tcp)
        #expect(tcp.map(\.moment) == ["dial", "first-byte", "end"])
        #expect(tcp.allSatisfy { $0.rttMs >= 500 && $0.retransmits == 0 })
    }

    @Test func `looking up takes there and back, for each family`() async throws {
        let network = try await SlowNetwork(oneWay: 250)
        let record = try await network.probe(
            "--dns-servers", SlowNetwork.address, "http://dual.test:8080/"
        ).record
        await network.close()
        #expect(record.outcome == "ok")
        #expect(try #require(record.duration(of: "dns")) >= 500)
        let records = try #require(record.dns?.records)
        #expect(Set(records.map(\.type)) == ["A", "AAAA"])
        #expect(records.allSatisfy { $0.durationNs >= 500_000_000 && $0.server == "\(SlowNetwork.address):53" })
    }

    @Test func `a second request on the connection pays for one way there and back`() async throws {
        let network = try await SlowNetwork(oneWay: 100)
        let records = try await network.probe("-n", "2", "-c", "1", "http://\(SlowNetwork.address):8080/").records
        await network.close()
        #expect(records.map(\.outcome) == ["ok", "ok"])
        #expect(records[0].totalMs >= 400)
        #expect(records[1].duration(of: "connect") == nil)
        #expect(try #require(records[1].duration(of: "wait")) >= 200)
    }

    @Test func `a lost SYN is asked again after a second, and the kernel's count says so`() async throws {
        let network = try await SlowNetwork(oneWay: 5, fault: .losesFirstSYN)
        let record = try await network.probe("http://\(SlowNetwork.address):8080/").record
        await network.close()
        #expect(record.outcome == "ok")
        #expect(try #require(record.duration(of: "connect")) >= 1_000)
        #expect(try #require(record.tcp?.first).retransmits == 1)
    }

    @Test func `lost data is sent again, and the body is whole`() async throws {
        let network = try await SlowNetwork(oneWay: 20, fault: .losesData)
        let record = try await network.probe("http://\(SlowNetwork.address):8080/big").record
        await network.close()
        #expect(record.outcome == "ok")
        #expect(record.bodyLen == 200_000)
        // More than the one way back that the same bytes would take without a loss.
        #expect(try #require(record.duration(of: "receive")) >= 40)
    }

    @Test func `where IPv6 is swallowed, IPv4 has the connection a quarter of a second later`() async throws {
        let network = try await SlowNetwork(oneWay: 20, fault: .swallowsIPv6)
        let record = try await network.probe(
            "--resolve", "dual.test:8080:fd77::2,\(SlowNetwork.address)", "http://dual.test:8080/"
        ).record
        await network.close()
        #expect(record.outcome == "ok")
        #expect(record.pinned == true)
        #expect(record.connection?.remote == "\(SlowNetwork.address):8080")
        #expect(try #require(record.duration(of: "connect")) >= 250 + 40)
        let attempts = try #require(record.attempts)
        #expect(attempts.map(\.address) == ["[fd77::2]:8080", "\(SlowNetwork.address):8080"])
        #expect(attempts[0].error?.contains("given up") == true && attempts[1].error == nil)
    }

    @Test func `a dead DNS server costs the lookup's time and no more`() async throws {
        let network = try await SlowNetwork(oneWay: 5)
        let probe = try await network.probe(
            "--dns-servers", SlowNetwork.deadServer, "--connect-timeout", "1", "http://dual.test:8080/",
            "http://\(SlowNetwork.address):8080/")
        await network.close()
        #expect(probe.ending == .exited(28))
        let records = try probe.records.sorted { $0.number < $1.number }
        #expect(records.map(\.outcome) == ["error:timeout", "ok"])
        #expect(records[0].error?.phase == "dns")
        #expect(records[0].error?.message == "looking up dual.test timed out after 1 s (the limit for lookup and connecting is 1 s)")
        #expect(try #require(records[0].duration(of: "dns")) >= 1_000)
        // The other request had its answer long before.
        #expect(records[1].totalMs < records[0].totalMs)
    }
}

extension ProbeRecord {
    fileprivate func duration(of phase: String) -> Double? { phases.first { $0.phase == phase }?.durationMs }
}
