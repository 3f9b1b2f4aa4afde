/// Names behind which secrets stand.
enum SecretNames {
    /// What a field's value is by its name, in any case.
    static func kind(ofField name: String) -> Redaction.FieldKind {
        let name = name.lowercased()
        switch name {
        case "cookie", "cookie2": return .cookie
        case "set-cookie", "set-cookie2": return .setCookie
        case "location", "content-location", "referer", "refresh", "link", "origin": return .link
        case "authorization", "proxy-authorization", "authentication-info", "proxy-authentication-info":
            return .credential
        // A challenge says how to authenticate, and is what one debugs; the keys below name nothing secret either.
        case "www-authenticate", "proxy-authenticate", "sec-websocket-key", "idempotency-key": return .plain
        default: break
        }
        let parts = name.split { $0 == "-" || $0 == "_" || $0 == "." }
        // X-Api-Key, X-Auth-Token, Private-Token, X-Amz-Security-Token, Ocp-Apim-Subscription-Key, X-CSRF-Token …
        if parts.contains(where: tellingParts.contains) { return .credential }
        let endsInKey = parts.last == "key" && parts.dropLast().contains { keyOwners.contains($0) }
        return endsInKey ? .credential : .plain
    }

    private static let tellingParts: Set<Substring> = [
        "token", "tokens", "secret", "password", "passwd", "apikey", "authorization", "auth", "credential",
        "credentials", "signature", "jwt", "assertion", "session", "sessionid", "otp",
    ]
    private static let keyOwners: Set<Substring> = [
        "api", "access", "subscription", "functions", "private", "account", "auth",
    ]

    /// Whether the value of a query's or form's parameter is a secret, by its decoded name.
    static func isParameter(_ name: String) -> Bool {
        let plain = name.lowercased().filter { $0 != "-" && $0 != "_" && $0 != "." && $0 != "$" }
        return parameters.contains(plain)
    }

    // Without case and separators. `key` is how Google's and many map services' URLs carry theirs; `code` is OAuth's
    // one-time code (RFC 6749 §4.1.2); `sig` and `signature` sign storage links, which work for anyone who has them.
    private static let parameters: Set<String> = [
        "accesstoken", "refreshtoken", "idtoken", "authtoken", "token", "csrftoken", "xsrftoken", "sessiontoken",
        "apikey", "key", "accesskey", "subscriptionkey", "secretkey", "privatekey", "auth", "authorization", "jwt",
        "signature", "sig", "xamzsignature", "xamzcredential", "xamzsecuritytoken", "xgoogsignature",
        "xgoogcredential", "password", "passwd", "passphrase", "pwd", "pass", "secret", "clientsecret", "code",
        "codeverifier", "devicecode", "assertion", "clientassertion", "samlresponse", "samlrequest", "session",
        "sessionid", "sid", "phpsessid", "jsessionid", "otp", "pin", "credential", "credentials", "privatetoken",
    ]
}
