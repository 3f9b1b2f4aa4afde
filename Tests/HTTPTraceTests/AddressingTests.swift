import HTTPTrace
import Testing

@Suite("Addresses and failures in words")
struct AddressingTests {
    @Test func `an origin names its port only where the scheme does not`() {
        #expect(Origin(scheme: .https, host: "a").authority == "a")
        #expect(Origin(scheme: .https, host: "a").hostPort == "a:443")
        #expect(Origin(scheme: .http, host: "a", port: 443).authority == "a:443")
        #expect(Origin(scheme: .http, host: "::1", port: 81).description == "http://[::1]:81")
    }

    @Test func `addresses are written as they stand in a URL`() {
        #expect(NetworkAddress(family: .ip4, ip: "192.0.2.1", port: 80).description == "192.0.2.1:80")
        #expect(NetworkAddress(family: .ip6, ip: "::1", port: 80).description == "[::1]:80")
    }

    @Test func `outcome classes are spelled as promised`() {
        let outcomes = Failure.Kind.allCases.map { Failure($0, "").outcome }
        #expect(
            outcomes == [
                "error:dns", "error:connect", "error:proxy", "error:tls", "error:protocol", "error:truncated",
                "error:reset", "error:timeout", "error:redirect", "error:decode", "error:too-large", "error:cancelled",
            ])
    }

    @Test func `phases follow the order of a request's life`() {
        #expect(Phase.allCases.sorted() == Phase.allCases)
    }
}
