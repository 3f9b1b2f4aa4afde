public import HTTPTypes

/// What a listening server answers to every request, as a person made it.
public struct AnswerDraft: Equatable, Sendable {
    /// 200 to 599.
    public var status: Int
    /// Own fields only; what the server adds (Date, Content-Length, …) is not in here.
    public var fields: HTTPFields
    public var body: [UInt8]
    /// How long an answer is held back, from the end of the request.
    public var delay: Duration

    /// Whether a body can be sent with its status (RFC 9110 §6.4.1).
    public var mayHaveBody: Bool { status != 204 && status != 304 }

    /// Longer than any client's usual patience, so that those can be tried out.
    public static let delayLimit = Duration.seconds(600)

    public init(status: Int = 200, fields: HTTPFields = [:], body: [UInt8] = [], delay: Duration = .zero) {
        self.status = status
        self.fields = fields
        self.body = body
        self.delay = delay
    }
}
