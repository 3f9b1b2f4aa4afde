import ArgumentParser
import HTTPClient

/// Which version of HTTP to speak, in curl's words.
enum VersionOption: String, EnumerableFlag {
    case http1 = "http1.1"
    case http2
    case http2PriorKnowledge = "http2-prior-knowledge"

    static func name(for value: VersionOption) -> NameSpecification { .customLong(value.rawValue) }

    static func help(for value: VersionOption) -> ArgumentHelp? {
        switch value {
        case .http1: "Speak HTTP/1.1 only."
        case .http2: "Speak HTTP/2 where TLS agrees on it, which is the default."
        case .http2PriorKnowledge: "Speak HTTP/2 without asking, on plain http too."
        }
    }

    var versions: HTTPVersions {
        switch self {
        case .http1: .http1Only
        case .http2: .http2Preferred
        case .http2PriorKnowledge: .http2Only
        }
    }
}
