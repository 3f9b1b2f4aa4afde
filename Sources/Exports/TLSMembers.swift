internal import HTTPTrace
internal import Sessions

// A handshake as JSON, the same in every export.

extension JSONWriter {
    /// Members that say what a handshake agreed on.
    mutating func write(_ tls: TLSFacts) {
        field("version", tls.version)
        field("cipher", tls.cipher)
        field("group", ifPresent: tls.group)
        field("signature", ifPresent: tls.signature)
        field("alpn", ifPresent: tls.alpn)
        field("server_name", ifPresent: tls.serverName)
        field("is_resumed", tls.isResumed)
        field("resumption", tls.resumption.rawValue)
        if tls.hasRetriedHello { field("has_retried_hello", true) }
        field("is_verified", !tls.isUnverified && tls.verificationProblem == nil)
        field("problem", ifPresent: tls.verificationProblem)
        field("problem_depth", ifPresent: tls.problemDepth)
        field("trust_anchor", ifPresent: tls.trustAnchor)
        switch tls.clientCertificate {
        case .notAsked: break
        case .askedInVain: field("client_certificate", "missing")
        case .sent: field("client_certificate", "sent")
        }
        if let staple = tls.staple { write(staple) }
        if !tls.timestamps.isEmpty {
            openArray("scts")
            for timestamp in tls.timestamps {
                openObject()
                field("log", timestamp.log)
                field("time", ISODate.text(unixSeconds: timestamp.time / 1_000))
                field("source", timestamp.source.rawValue)
                closeObject()
            }
            closeArray()
        }
        if let offer = tls.offer {
            openObject("offered")
            openArray("versions")
            for version in offer.versions { value(version) }
            closeArray()
            openArray("ciphers")
            for cipher in offer.ciphers { value(cipher) }
            closeArray()
            closeObject()
        }
    }

    private mutating func write(_ staple: TLSFacts.OCSPStaple) {
        openObject("ocsp")
        switch staple.status {
        case .good: field("status", "good")
        case .revoked(let time):
            field("status", "revoked")
            field("revoked_at", ISODate.text(unixSeconds: time))
        case .unknown: field("status", "unknown")
        case .unusable(let words):
            field("status", "unusable")
            field("problem", words)
        }
        if let time = staple.thisUpdate { field("this_update", ISODate.text(unixSeconds: time)) }
        if let time = staple.nextUpdate { field("next_update", ISODate.text(unixSeconds: time)) }
        field("is_signed", staple.isSigned)
        closeObject()
    }

    mutating func writeCertificates(_ tls: TLSFacts) {
        guard !tls.certificates.isEmpty else { return }
        openArray("certificates")
        for certificate in tls.certificates {
            openObject()
            field("subject", certificate.subject)
            field("issuer", certificate.issuer)
            openArray("names")
            for name in certificate.names { value(name) }
            closeArray()
            if certificate.namesLeftOut > 0 { field("names_left_out", certificate.namesLeftOut) }
            field("not_before", ISODate.text(unixSeconds: certificate.notBefore))
            field("not_after", ISODate.text(unixSeconds: certificate.notAfter))
            field("serial", certificate.serial)
            field("sha256", certificate.sha256)
            field("key", certificate.key)
            field("signature", certificate.signature)
            closeObject()
        }
        closeArray()
        if tls.certificatesLeftOut > 0 { field("certificates_left_out", tls.certificatesLeftOut) }
    }

    /// Its messages and alerts, in milliseconds from the request's beginning.
    mutating func writeHandshake(of exchange: Exchange) {
        guard exchange.events.contains(where: \.event.isTLSMessage) else { return }
        openArray("messages")
        for record in exchange.events {
            guard case .tlsMessage(let message) = record.event else { continue }
            openObject()
            field("at_ms", (message.time - exchange.startedAt).nanoseconds, decimals: 6)
            field("direction", message.direction.rawValue)
            field("name", message.name)
            field("bytes", Int(message.bytes))
            closeObject()
        }
        closeArray()
    }
}

extension TraceEvent {
    fileprivate var isTLSMessage: Bool { if case .tlsMessage = self { true } else { false } }
}

extension String {
    /// Of a certificate's subject: what stands behind `CN=`; all of it where there is none.
    var commonName: String {
        guard let start = firstRange(of: "CN=")?.upperBound else { return self }
        return String(self[start...].prefix { $0 != "," })
    }
}
