/// The formats a session can be written in.
public enum ExportFormat: String, CaseIterable, Sendable {
    /// HTTP Archive 1.2, all exchanges in one file.
    case har
    /// One JSON object a line, one line an exchange: what `probe --json` prints.
    case json
    /// A curl command line an exchange.
    case curl
    /// The phases as plain text, for reading.
    case text

    /// The usual ending of a file name, without the dot.
    public var fileExtension: String {
        switch self {
        case .har: "har"
        case .json: "jsonl"
        case .curl: "sh"
        case .text: "txt"
        }
    }
}
