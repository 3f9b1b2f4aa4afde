internal import Glibc
internal import HTTPTrace
internal import HTTPTypes
internal import Transport

extension Client {
    /// Adds what the jar has for it, behind cookies of its own.
    @NetworkActor
    func addCookies(to request: inout ClientRequest, after redirection: Redirection?) {
        guard request.usesCookieJar, let jar = cookies else { return }
        let header = jar.header(
            for: request.url, method: request.method, redirectedFrom: redirection?.firstOrigin, at: Self.secondsNow())
        guard let header else { return }
        request.fields[.cookie] = request.fields[.cookie].map { "\($0); \(header)" } ?? header
    }

    @NetworkActor
    func keepCookies(of head: ResponseHead, for request: ClientRequest) {
        guard cookies != nil, request.usesCookieJar else { return }
        cookies?.take(head.fields, from: request.url, at: Self.secondsNow())
    }

    private static func secondsNow() -> Int64 { Int64(time(nil)) }
}
