public import HTTPTrace
internal import HTTPTypes
internal import Transport

extension Client {
    /// Sends `request`, follows where the responses lead, and waits for the head of the last.
    ///
    /// Each hop is an exchange of its own with its own events, the second of which, `redirected`, names the one before it;
    /// the time limit of the configuration is for all together. Bodies of redirects are read and thrown away, long ones
    /// closed; one that breaks off changes nothing of where its head leads.
    ///
    /// - Parameter id: Of the first exchange; the others get the next numbers nobody else uses.
    /// - Throws: What failed and in which phase; `.redirect` past the policy's limit and for a Location that leads nowhere.
    @NetworkActor
    public func send(
        _ request: ClientRequest, following policy: RedirectPolicy, as id: ExchangeID? = nil
    ) async throws(Failure) -> Response {
        var chain = RedirectChain(policy, at: EventLoop.shared.now)
        var (request, id, redirection) = (request, id ?? Self.nextExchangeID(), Redirection?.none)
        while true {
            let response = try await send(request, as: id, after: redirection)
            switch chain.step(after: response.head, to: request, sentAs: id) {
            case .stay: return response
            case .refuse(let failure): throw failure
            case .follow(let next, let led):
                (request, id, redirection) = (next, Self.nextExchangeID(), led)
                try await skip(response.body)
            }
        }
    }

    /// Reads to the end what is short enough, so that its connection serves the next hop.
    @NetworkActor
    private func skip(_ body: BodyStream) async throws(Failure) {
        var count = 0
        do throws(Failure) {
            while count <= 65_536, let piece = try await body.next() { count += piece.count }
        } catch {
            if error.endsChain { throw error }
        }
    }
}

extension Failure {
    /// Whether a chain of redirects ends where this ended the body of one of them: somebody wants no more. What else ends
    /// such a body doesn't, as in Go and curl: its head has said where to go.
    package var endsChain: Bool { kind == .cancelled || kind == .timeout }
}
