internal import Glibc
internal import HTTPTrace
internal import HTTPTypes
internal import Transport

extension Client {
    /// The request with what the jar has for it, behind cookies of its own.
    @NetworkActor
    func withCookies(_ request: ClientRequest, after redirection: Redirection?) -> ClientRequest {
        guard request.usesCookieJar, let jar = cookies else { return request }
        let header = jar.header(
            for: request.url, method: request.method, redirectedFrom: redirection?.firstOrigin, at: Self.secondsNow())
        guard let header else { return request }
        var request = request
        request.fields.addCookies(header)
        return request
    }

    /// Whether there is a jar. Asked without looking into it, which copies it.
    @NetworkActor
    var hasCookies: Bool { if case .some = cookies { true } else { false } }

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
