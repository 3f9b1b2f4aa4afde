import HTTPTrace
import Sessions

/// What a bar tells: when things began, in order, and how it ended. Made from a client's request, from a server's, or from
/// one that came in and went on.
struct BarStory {
    struct Part {
        var mark: BarMark
        /// It lasts until the next part begins: what lies between two phases belongs to the one that held it up.
        var start: Timestamp
        /// Whether it needs no cell where it is shorter than half of one.
        var mayVanish: Bool
    }

    var start: Timestamp
    /// Nil while it goes on.
    var end: Timestamp?
    var parts: [Part]
    var hasFailed: Bool

    init(_ exchange: Exchange) {
        start = exchange.startedAt
        end = exchange.finishedAt
        hasFailed = exchange.failure != nil
        parts = Self.parts(exchange.phases, of: exchange)
        if !exchange.retries.isEmpty {
            // What failed before, each with the pause after it.
            let earlier = exchange.retries.flatMap { retry in
                Self.parts(retry.phases, of: exchange)
                    + [Part(mark: .queued, start: retry.failedAt, mayVanish: true)]
            }
            parts = earlier + parts
        }
        guard exchange.isForwarded, let arrived = exchange.served?.phases[.send] else { return }
        let hasBody = exchange.served?.requestBytes != 0
        parts.insert(Part(mark: .send, start: arrived.start, mayVanish: !hasBody), at: 0)
    }

    /// An attempt that failed before the last.
    private init(_ retry: Exchange.Retry, of exchange: Exchange) {
        start = retry.startedAt
        end = retry.failedAt
        hasFailed = true
        parts = Self.parts(retry.phases, of: exchange)
    }

    /// What of a request happened on `connection`, oldest first: one that was sent again may have been on another before.
    static func attempts(of exchange: Exchange, on connection: ConnectionID) -> [BarStory] {
        guard let last = exchange.retries.last else { return [BarStory(exchange)] }
        var stories = exchange.retries.filter { $0.connection == connection }.map { BarStory($0, of: exchange) }
        if exchange.connection?.connection == connection {
            var story = BarStory(exchange)
            story.start = last.resumedAt ?? last.failedAt
            story.parts = parts(exchange.phases, of: exchange)
            stories.append(story)
        }
        return stories
    }

    private static func parts(_ phases: PhaseSpans, of exchange: Exchange) -> [Part] {
        phases.present.map { phase, span in
            let mayVanish = phase == .queued || (phase == .send && exchange.draft.body.isEmpty)
            return Part(mark: BarMark(phase), start: span.start, mayVanish: mayVanish)
        }
    }

    init(_ request: ServedRequest) {
        start = request.startedAt
        end = request.finishedAt
        hasFailed = request.failure != nil
        parts = request.phases.present.map { phase, span in
            Part(mark: BarMark(phase), start: span.start, mayVanish: phase == .send && request.requestBytes == 0)
        }
    }
}
