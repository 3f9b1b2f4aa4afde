internal import HTTPTypes
internal import Transport

/// One address of the playground and what it does. The index page, the tests and the answers are made from the same
/// table.
struct PlaygroundRoute: Sendable {
    /// What a client gets.
    enum Outcome: Equatable, Sendable {
        case status(Int)
        /// A response that breaks off or is no HTTP.
        case broken
        /// Nothing, for a long time.
        case silence
    }

    /// `/delay/{ms}`: the part in braces is the route's parameter.
    var path: String
    /// A call worth trying, with the figures that are taken when none are given.
    var example: String
    /// What the example gets.
    var outcome: Outcome
    /// What it does, for the index.
    var words: String
    var answer: @Sendable @NetworkActor (PlaygroundRequest, ServerResponder) async throws -> Void

    init(
        _ path: String, _ example: String, _ words: String, _ outcome: Outcome = .status(200),
        answer: @escaping @Sendable @NetworkActor (PlaygroundRequest, ServerResponder) async throws -> Void
    ) {
        self.path = path
        self.example = example
        self.outcome = outcome
        self.words = words
        self.answer = answer
    }

    /// The path's parameter if `target` is this route's; empty for a route without one.
    func parameter(in target: Substring) -> Substring? {
        guard let brace = path.firstIndex(of: "{") else { return target == path ? "" : nil }
        guard target.hasPrefix(path[..<brace]) else { return nil }
        let parameter = target[
            target.index(target.startIndex, offsetBy: path.distance(from: path.startIndex, to: brace))...]
        return parameter.isEmpty || parameter.contains("/") ? nil : parameter
    }
}

extension PlaygroundRoute {
    /// All routes in the order of the index.
    static let all: [PlaygroundRoute] = [index] + ordinary + bodies + codings + timing + corners + faults

    /// Answers one request by the table; 404 when no route fits.
    @NetworkActor
    static func answer(_ request: ServerRequest, _ responder: ServerResponder) async throws {
        let target = request.httpRequest.path ?? "/"
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count > 1 ? parts[1] : ""
        for route in all {
            guard let parameter = route.parameter(in: parts[0]) else { continue }
            do {
                return try await route.answer(PlaygroundRequest(request, parameter: parameter, query: query), responder)
            } catch let problem as PlaygroundRequest.Problem {
                return try await responder.send(.text(.badRequest), Array("\(problem.words)\n".utf8))
            }
        }
        try await responder.send(.text(.notFound), Array("no such route; / lists all\n".utf8))
    }
}

extension HTTPResponse {
    /// A head for plain text.
    static func text(_ status: Status = .ok, _ more: HTTPFields = [:]) -> HTTPResponse {
        typed("text/plain; charset=utf-8", status, more)
    }

    static func json(_ more: HTTPFields = [:]) -> HTTPResponse { typed("application/json", .ok, more) }

    static func binary(_ more: HTTPFields = [:]) -> HTTPResponse { typed("application/octet-stream", .ok, more) }

    static func typed(_ type: String, _ status: Status = .ok, _ more: HTTPFields = [:]) -> HTTPResponse {
        var fields: HTTPFields = [.contentType: type]
        fields.append(contentsOf: more)
        return HTTPResponse(status: status, headerFields: fields)
    }
}
