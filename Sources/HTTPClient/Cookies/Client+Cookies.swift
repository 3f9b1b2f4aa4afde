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
        takeCookies(from: head.fields, of: request.url)
    }

    @inline(never)  // Else a request without any would keep room for them while it waits.
    @NetworkActor
    private func takeCookies(from fields: HTTPFields, of url: RequestURL) {
        cookies?.take(fields, from: url, at: Self.secondsNow())
    }

    private static func secondsNow() -> Int64 { Int64(time(nil)) }
}
