/// Names behind which secrets stand.
enum SecretNames {
    /// What a field's value is by its name, in any case.
    static func kind(ofField name: String) -> Redaction.FieldKind {
        let name = name.lowercased()
        switch name {
        case "cookie", "cookie2": return .cookie
        case "set-cookie", "set-cookie2": return .setCookie
        // HTTP/2 has the request target, query and all, in a field.
        case ":path": return .link
        case "location", "content-location", "referer", "refresh", "link", "origin", "destination": return .link
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
        if endsInKey { return .credential }
        // X-Original-URL, X-Forwarded-Uri, HX-Current-URL, HX-Location …: what one server tells another of a request.
        return parts.last.map { $0 == "url" || $0 == "uri" || $0 == "location" } ?? false ? .link : .plain
    }

    private static let tellingParts: Set<Substring> = [
        "token", "tokens", "secret", "password", "passwd", "apikey", "authorization", "auth", "credential",
        "credentials", "signature", "jwt", "assertion", "session", "sessionid", "otp",
    ]
    private static let keyOwners: Set<Substring> = [
        "api", "access", "subscription", "functions", "private", "account", "auth", "rapidapi", "app", "application",
        "client", "consumer", "customer", "encryption", "master", "admin", "license",
    ]

    /// Whether the value of a query's or form's parameter is a secret, by its decoded name.
    static func isParameter(_ name: String) -> Bool {
        var parameter = ParameterName()
        for byte in name.utf8 { parameter.add(byte) }
        return parameter.isTelling
    }

    /// Whether `text` may hold a telling parameter. Almost no URL does, and finding that out must cost little: an export
    /// asks for each of a million. "Perhaps" is said of encoded names, which nobody writes without a reason.
    static func mayHoldParameter(_ text: String) -> Bool {
        var name = ParameterName()
        var isInName = true
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"), UInt8(ascii: ";"), UInt8(ascii: "?"), UInt8(ascii: "#"):
                name = ParameterName()
                isInName = true
            case UInt8(ascii: "="):
                if isInName, name.isTelling { return true }
                isInName = false
            case UInt8(ascii: "%"), UInt8(ascii: "+"): if isInName { return true }
            default: if isInName { name.add(byte) }
            }
        }
        return false
    }

    /// A parameter's name, read byte by byte: as a whole, without separators, and by its words, so that `user[password]`,
    /// `password_confirmation` and `newPassword2` tell as much as `password`.
    private struct ParameterName {
        private var whole = NameHash()
        private var word = NameHash()
        private var hasTellingWord = false
        private var isAfterSmallLetter = false

        @inline(__always)
        mutating func add(_ byte: UInt8) {
            switch byte {
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "$"), UInt8(ascii: "["),
                UInt8(ascii: "]"):
                endWord()
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                if isAfterSmallLetter { endWord() }
                whole.mix(byte | 0x20)
                word.mix(byte | 0x20)
            case UInt8(ascii: "0")...UInt8(ascii: "9"): whole.mix(byte)
            case UInt8(ascii: "/"):
                // What came before is a host, or another segment.
                whole.mix(byte)
                word = NameHash()
                hasTellingWord = false
            default:
                whole.mix(byte)
                word.mix(byte)
                isAfterSmallLetter = true
            }
        }

        var isTelling: Bool { hasTellingWord || isTellingWord || parameterHashes.contains(whole) }

        private var isTellingWord: Bool { word.mayBe(in: wordMask) && wordHashes.contains(word) }

        @inline(__always)
        private mutating func endWord() {
            if isTellingWord { hasTellingWord = true }
            word = NameHash()
            isAfterSmallLetter = false
        }
    }

    /// A name in lower case, as FNV-1a. Another name of the same hash would be left out needlessly; with 64 bits nobody will
    /// see it happen.
    private struct NameHash: Hashable {
        private var value: UInt64 = 0xCBF2_9CE4_8422_2325

        init() {}

        init(_ name: String) { for byte in name.utf8 { mix(byte) } }

        @inline(__always)
        mutating func mix(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

        /// One bit of 64, to be spared most looks into a set.
        var bit: UInt64 { 1 << (value >> 58) }

        func mayBe(in mask: UInt64) -> Bool { mask & bit != 0 }
    }

    private static let parameterHashes = Set(parameters.map { NameHash($0) })
    private static let wordHashes = Set(words.map { NameHash($0) })
    private static let wordMask = wordHashes.reduce(UInt64(0)) { $0 | $1.bit }

    // Words that tell wherever they stand in a name.
    private static let words = [
        "token", "password", "passwd", "pwd", "pass", "passphrase", "passcode", "secret", "apikey", "jwt", "signature",
        "credential", "credentials", "assertion", "otp",
    ]

    // Without case and separators. `key` is how Google's and many map services' URLs carry theirs; `code` is OAuth's
    // one-time code (RFC 6749 §4.1.2); `sig` and `signature` sign storage links, which work for anyone who has them.
    private static let parameters = [
        "accesstoken", "refreshtoken", "idtoken", "authtoken", "token", "csrftoken", "xsrftoken", "sessiontoken",
        "apikey", "key", "accesskey", "subscriptionkey", "secretkey", "privatekey", "auth", "authorization", "jwt",
        "signature", "sig", "xamzsignature", "xamzcredential", "xamzsecuritytoken", "xgoogsignature",
        "xgoogcredential", "password", "passwd", "passphrase", "pwd", "pass", "secret", "clientsecret", "code",
        "codeverifier", "devicecode", "assertion", "clientassertion", "samlresponse", "samlrequest", "session",
        "sessionid", "sid", "phpsessid", "jsessionid", "otp", "pin", "credential", "credentials", "privatetoken",
        "sessionkey", "csrfmiddlewaretoken", "oauthtoken", "userpassword", "newpassword", "oldpassword",
        "currentpassword", "confirmpassword", "passwordconfirm", "passwordconfirmation",
    ]
}
