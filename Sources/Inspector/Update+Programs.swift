import HTTPTrace
import HTTPTypes
import Sessions

// Bodies in other programs: a pager to read them, an editor to change what was sent.

extension Model {
    /// Whether the Body page shows something that a pager could.
    var showsBody: Bool {
        guard tab == .body, comparedWith == nil, let exchange = selectedExchange else { return false }
        return shownBody(of: exchange).capture?.bytes.isEmpty == false
    }

    func viewBody() -> [Effect] {
        guard let body = selectedExchange.flatMap({ shownBody(of: $0).capture }) else { return [] }
        return [.view(PagerText.bytes(of: body))]
    }

    mutating func editBody() -> [Effect] {
        guard let exchange = selectedExchange, !refusesCutBody(of: exchange), hasRoom() else { return [] }
        guard exchange.draft.body.count <= Self.editedBytes else {
            say("The body is too long for an editor; -d @FILE sends one from the command line.")
            return []
        }
        return [.editBody(exchange.draft.body, of: exchange.id)]
    }

    /// Editors are slow with more, and the interface waits for the file.
    private static let editedBytes = 16 << 20

    /// Sends a request with the body that an editor made of its own.
    mutating func send(edited body: [UInt8], of id: ExchangeID, at now: Timestamp) -> [Effect] {
        guard var draft = session[id]?.draft else { return [] }
        var body = body
        // Editors end the last line, whether or not it had an end.
        if body.last == UInt8(ascii: "\n"), draft.body.last != UInt8(ascii: "\n") { body.removeLast() }
        guard body != draft.body else {
            say("Nothing was changed, and nothing is sent.")
            return []
        }
        guard hasRoom() else { return [] }
        draft.body = body
        // It speaks of the other one.
        draft.fields[.contentLength] = nil
        return [send(draft, cause: .replay(of: id), at: now)]
    }
}
