import Sessions
import TextScreen

/// What holds for every request from now on, and can be turned at any time.
public struct RequestOptions: Equatable, Sendable {
    /// Each hop becomes a row of its own.
    public var followsRedirects = false
    /// From responses to requests, in memory alone.
    public var keepsCookies = false
    /// Where a request does not say itself what it takes.
    public var offersCompression = false

    public init() {}

    /// One of them: the key behind `,`, its word in lists, and what turning it means.
    struct Option: Sendable {
        var key: Character
        var name: String
        var path: any WritableKeyPath<RequestOptions, Bool> & Sendable
        var on: String
        var off: String
    }

    static let all: [Option] = [
        Option(
            key: "f", name: "follow", path: \.followsRedirects,
            on: "Redirects are followed from now on, each hop in a row of its own.",
            off: "Redirects are shown and not followed; > follows one."),
        Option(
            key: "c", name: "cookies", path: \.keepsCookies,
            on: "Cookies are kept from now on and sent back to where they came from.",
            off: "Cookies are forgotten, and none are sent but those of a request's own."),
        Option(
            key: "z", name: "compressed", path: \.offersCompression,
            on: "New requests ask for compressed bodies (gzip, deflate, br, zstd).",
            off: "New requests ask for no compression."),
    ]

    /// Those that are on, as the probe line lists them.
    var words: [String] { RequestOptions.all.filter { self[keyPath: $0.path] }.map(\.name) }

    /// A request typed just now, as it is to be sent.
    func applied(to draft: RequestDraft) -> RequestDraft {
        var draft = draft
        if offersCompression { draft.offerCompression() }
        return draft
    }
}

extension Model {
    /// Whether the selected request was redirected to where nobody has gone yet.
    var leadsOn: Bool {
        selectedExchange.map { $0.leadsOn && !$0.isRunning && redirects[$0.id] == nil } ?? false
    }

    mutating func turnOption(_ key: Key) -> [Effect] {
        mode = .browsing
        guard case .character(let letter) = key, let option = RequestOptions.all.first(where: { $0.key == letter })
        else {
            say("Nothing turned.")
            return []
        }
        options[keyPath: option.path].toggle()
        say(options[keyPath: option.path] ? option.on : option.off)
        return [.setOptions(options)]
    }
}
