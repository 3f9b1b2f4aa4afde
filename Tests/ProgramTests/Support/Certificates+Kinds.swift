import TestSupport

// More kinds of certificates than a server's good one, and what OpenSSL can say about them.

extension Certificates {
    /// A client's certificate.
    func clientIdentity(_ name: String) async throws -> Identity {
        try await ProgramRun.output(
            of: Self.request(name, in: folder) + [
                "-x509", "-CA", authority, "-CAkey", folder.file("ca.key"), "-days", "2", "-subj", "/CN=\(name)",
                "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=digitalSignature", "-addext",
                "extendedKeyUsage=clientAuth",
            ])
        return Identity(certificate: folder.file("\(name).pem"), key: folder.file("\(name).key"))
    }

    /// One that nobody vouches for.
    func selfSigned(_ names: String, subject: String = "/CN=server") async throws -> Identity {
        try await ProgramRun.output(
            of: Self.request("self", in: folder) + [
                "-x509", "-days", "2", "-utf8", "-subj", subject, "-addext", "subjectAltName=\(names)",
            ])
        return Identity(certificate: folder.file("self.pem"), key: folder.file("self.key"))
    }

    /// One that has run out.
    func expired(_ names: String) async throws -> Identity {
        try await ProgramRun.output(of: Self.request("old", in: folder) + ["-subj", "/CN=server"])
        try folder.write("old.ext", "subjectAltName=\(names)\nextendedKeyUsage=serverAuth\n".utf8)
        // `req -x509` makes none that begins in the past; `x509` takes negative days.
        try await ProgramRun.output(of: [
            "openssl", "x509", "-req", "-in", folder.file("old.pem"), "-CA", authority, "-CAkey",
            folder.file("ca.key"), "-days", "-1", "-extfile", folder.file("old.ext"), "-out", folder.file("old.crt"),
        ])
        return Identity(certificate: folder.file("old.crt"), key: folder.file("old.key"))
    }

    /// The authority's word on whether a certificate was revoked, as a file to staple.
    ///
    /// - Parameter mark: `V` for valid, `R` for revoked, as in OpenSSL's database of certificates.
    func staple(about identity: Identity, mark: String) async throws -> String {
        let serial = try await ProgramRun.output(
            of: ["openssl", "x509", "-in", identity.certificate, "-noout", "-serial"]
        ).split(separator: "=").last!.prefix { $0.isHexDigit }
        let revoked = mark == "R" ? "251001000000Z" : ""
        try folder.write("index.txt", "\(mark)\t491231235959Z\t\(revoked)\t\(serial)\tunknown\t/CN=server\n".utf8)
        try await ProgramRun.output(of: [
            "openssl", "ocsp", "-index", folder.file("index.txt"), "-CA", authority, "-rsigner", authority, "-rkey",
            folder.file("ca.key"), "-issuer", authority, "-cert", identity.certificate, "-ndays", "1", "-respout",
            folder.file("staple.der"),
        ])
        return folder.file("staple.der")
    }
}

extension Peers {
    /// nginx with TLS on the files in `folder`.
    static func secureNginx(
        _ folder: TemporaryFolder, _ identity: Certificates.Identity, _ directives: String = ""
    ) async throws -> PeerServer {
        try await PeerServer { port in
            let scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(folder.path)/\($0);" }.joined(separator: " ")
            let configuration = """
                daemon off; master_process off; pid \(folder.path)/nginx.pid;
                events { worker_connections 512; }
                http {
                  access_log off; \(scratch)
                  ssl_session_cache builtin:1000; ssl_protocols TLSv1.2 TLSv1.3;
                  server {
                    listen 127.0.0.1:\(port) ssl; root \(folder.path); \(directives)
                    ssl_certificate \(identity.certificate); ssl_certificate_key \(identity.key);
                  }
                }
                """
            let file = try folder.write("nginx.conf", configuration.utf8)
            return ["nginx", "-e", "stderr", "-p", folder.path, "-c", file]
        }
    }
}
