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
        parts = exchange.phases.present.map { phase, span in
            let mayVanish = phase == .queued || (phase == .send && exchange.draft.body.isEmpty)
            return Part(mark: BarMark(phase), start: span.start, mayVanish: mayVanish)
        }
        guard exchange.isForwarded, let arrived = exchange.served?.phases[.send] else { return }
        let hasBody = exchange.served?.requestBytes != 0
        parts.insert(Part(mark: .send, start: arrived.start, mayVanish: !hasBody), at: 0)
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
