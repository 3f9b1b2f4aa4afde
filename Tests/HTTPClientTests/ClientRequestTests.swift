import HTTPTrace
import HTTPTypes
import Testing
import Transport

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

    // RFC 7617 §2: the colon is there also without a password.
    @Test(arguments: [("ada", "YWRhOg=="), ("ada:", "YWRhOg=="), ("ada:hush", "YWRhOmh1c2g="), ("a:b:c", "YTpiOmM=")])
    @NetworkActor func `who asks is told as user, colon and password`(userInfo: String, words: String) throws {
        var url = url
        url.userInfo = userInfo
        let head = try RequestHeads(try ClientConfiguration()).head(of: ClientRequest(url: url))
        #expect(String(decoding: head.bytes, as: UTF8.self).contains("\r\nAuthorization: Basic \(words)\r\n"))
    }

    @Test func `equal requests need not be the same`() {
        let (one, two) = (ClientRequest(url: url), ClientRequest(url: url))
        #expect(one == two && one.identity != two.identity)
    }
}
