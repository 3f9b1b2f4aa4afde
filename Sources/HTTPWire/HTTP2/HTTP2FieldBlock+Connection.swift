internal import HTTPTypes

extension HTTP2FieldBlock {
    /// Appends what may stand in HTTP/2.
    ///
    /// - Returns: The Content-Length field among them.
    @discardableResult
    mutating func appendFields(_ fields: HTTPFields, leavingOut role: FieldRole?) throws(WireError) -> HTTPField? {
        var length: HTTPField?
        let named = fields.isEmpty ? [] : fields.namedByConnection
        for field in fields where FieldRole(field.name) != role || role == nil {
            guard !field.isAboutOneConnection, !named.contains(field.name.canonicalName) else { continue }
            if FieldRole(field.name) == .contentLength {
                guard length == nil else { throw .ours(.conflictingFraming, field.description) }
                length = field
            }
            try append(field)
        }
        return length
    }
}

extension HTTPFields {
    /// The names that Connection fields list, in lower case (RFC 9110 §7.6.1).
    fileprivate var namedByConnection: [String] {
        self[values: .connection].flatMap { value in
            value.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
        }
    }
}

extension HTTPField {
    fileprivate var isAboutOneConnection: Bool {
        switch name.canonicalName {
        case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings": true
        case "te": value.lowercased() != "trailers"
        default: false
        }
    }
}
