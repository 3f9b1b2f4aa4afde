internal import HTTPTypes

extension HTTPResponse.Status {
    /// The same with the phrase that RFC 9110 §15 gives the code, where none was given. A code it doesn't name has none.
    var withPhrase: HTTPResponse.Status {
        guard reasonPhrase.isEmpty else { return self }
        return Self.named[code] ?? self
    }

    private static let named: [Int: HTTPResponse.Status] = {
        let all: [HTTPResponse.Status] = [
            .continue, .switchingProtocols, .earlyHints,
            .ok, .created, .accepted, .nonAuthoritativeInformation, .noContent, .resetContent, .partialContent,
            .multipleChoices, .movedPermanently, .found, .seeOther, .notModified, .temporaryRedirect,
            .permanentRedirect,
            .badRequest, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .notAcceptable,
            .proxyAuthenticationRequired, .requestTimeout, .conflict, .gone, .lengthRequired, .preconditionFailed,
            .contentTooLarge, .uriTooLong, .unsupportedMediaType, .rangeNotSatisfiable, .expectationFailed,
            .misdirectedRequest, .unprocessableContent, .tooEarly, .upgradeRequired, .preconditionRequired,
            .tooManyRequests, .requestHeaderFieldsTooLarge, .unavailableForLegalReasons,
            .internalServerError, .notImplemented, .badGateway, .serviceUnavailable, .gatewayTimeout,
            .httpVersionNotSupported, .networkAuthenticationRequired,
        ]
        return Dictionary(uniqueKeysWithValues: all.map { ($0.code, $0) })
    }()
}
