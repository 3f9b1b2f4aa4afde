import HTTPTrace
import HTTPTypes
import Testing

@testable import HTTPClient

@Suite("Client requests")
struct ClientRequestTests {
    private let url = RequestURL(origin: Origin(scheme: .http, host: "a.example"))

    @Test func `a copy is a value of its own: changing it leaves the first as it was`() {
        let first = ClientRequest(url: url, fields: [.accept: "text/html"], body: Array("a".utf8))
        var second = first
        #expect(second == first && second.identity == first.identity)
        second.method = .post
        second.fields[.accept] = "*/*"
        second.body += Array("b".utf8)
        second.url.target = "/x"
        second.usesCookieJar = false
        #expect(first == ClientRequest(url: url, fields: [.accept: "text/html"], body: Array("a".utf8)))
        #expect(second != first && second.identity != first.identity)
        #expect(second.method == .post && second.fields[.accept] == "*/*" && second.body == Array("ab".utf8))
        #expect(second.url.target == "/x" && !second.usesCookieJar)
    }

    @Test(arguments: [
        ("close", true), ("keep-alive, Close", true), ("keep-alive,\tclose", true), ("closed", false),
        ("cl ose", false), ("", false),
    ])
    func `a request asks to close where one of its options says so`(value: String, closes: Bool) {
        #expect(ClientRequest(url: url, fields: [.connection: value]).asksToClose == closes)
    }

    @Test func `equal requests need not be the same`() {
        let (one, two) = (ClientRequest(url: url), ClientRequest(url: url))
        #expect(one == two && one.identity != two.identity)
    }
}
