public import HTTPTrace

/// Why a body can't be decoded to its end. What was decoded until then stays true.
public enum DecodingProblem: Error, Equatable, Sendable {
    case corrupt(ContentCoding)
    /// The body ended and the coding had not.
    case truncated(ContentCoding)
    /// The coding ended and the body had not.
    case trailingBytes(ContentCoding)
    /// A small body that grows without end.
    case bomb(decoded: Int, encoded: Int)
}

extension DecodingProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .corrupt(let coding): "the \(coding.rawValue) data is damaged"
        case .truncated(let coding): "the \(coding.rawValue) data breaks off: its end is missing"
        case .trailingBytes(let coding): "more bytes follow the end of the \(coding.rawValue) data"
        case .bomb(let decoded, let encoded):
            // How many came out is told with the body; where layers are nested, these are others.
            "it grew to \(decoded / max(encoded, 1)) times its size and had not ended: a decompression bomb, most likely"
        }
    }

    /// The same for whoever asked for the body.
    public var failure: Failure {
        if case .bomb = self { return Failure(.tooLarge, phase: .receive, description) }
        return Failure(.decode, phase: .receive, description)
    }
}
