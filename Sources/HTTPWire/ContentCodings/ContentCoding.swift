/// A way to make a body smaller on the wire (RFC 9110 §8.4.1).
public enum ContentCoding: String, Sendable, CaseIterable {
    case gzip, deflate, br, zstd

    /// Layers taken off one body. Nobody needs a second; each multiplies what a small body can grow to.
    public static let layerLimit = 3

    /// Why codings are left on.
    public enum Refusal: Error, Equatable, Sendable {
        /// Untrusted text.
        case unknown(String)
        case tooMany(limit: Int)
    }

    /// Reads Content-Encoding fields.
    ///
    /// - Returns: The codings in the order in which they were put on; empty when there are none to take off.
    public static func read(_ values: [String]) throws(Refusal) -> [ContentCoding] {
        var codings: [ContentCoding] = []
        for value in values {
            for element in value.split(separator: ",") {
                let name = element.filter { $0 != " " && $0 != "\t" }.lowercased()
                if name.isEmpty || name == "identity" { continue }
                // RFC 9110 §8.4.1.3: old names of the same.
                guard let coding = ContentCoding(rawValue: name == "x-gzip" ? "gzip" : name) else {
                    throw .unknown(String(name.prefix(40)))
                }
                guard codings.count < layerLimit else { throw .tooMany(limit: layerLimit) }
                codings.append(coding)
            }
        }
        return codings
    }
}

extension ContentCoding.Refusal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknown(let name): "the coding \(name) is not known"
        case .tooMany(let limit): "more than \(limit) codings"
        }
    }
}
