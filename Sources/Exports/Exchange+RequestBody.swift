internal import Sessions

extension Exchange {
    /// How long its request's body is. Of one that came in, more may have come than was kept in the draft.
    var requestBodyBytes: Int {
        cause == .caught ? max(served?.requestBytes ?? 0, draft.body.count) : draft.body.count
    }
}
