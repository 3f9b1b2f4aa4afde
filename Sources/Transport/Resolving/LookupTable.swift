internal import HTTPTrace

// Equal lookups in flight are one, by Go's rules: each participant has its own start and end, all of them hear that the
// lookup was shared, and one that goes away leaves the others theirs.
//
//    take part ──▶ in flight already? ──yes──▶ hears what came so far, waits with the others ◀── tell, finish
//                          │ no
//                          └──▶ begin(key)                       the last one that leaves ──▶ abandon(key)

/// Lookups that run, and who waits for each.
@NetworkActor
final class LookupTable {
    typealias Answer = Result<Resolution, ResolverError>

    /// What makes lookups equal; the port is each participant's own affair. Go keeps families apart too.
    struct Key: Hashable {
        var host: String
        var families: AddressFamilies
    }

    private struct Participant {
        var port: UInt16
        var tell: @NetworkActor (ResolvedPart) -> Void
        var answer: Promise<Answer>
    }

    private struct Lookup {
        var participants: [Int: Participant] = [:]
        var parts: [ResolvedPart] = []
        var isShared = false
    }

    private var lookups: [Key: Lookup] = [:]
    private var lastParticipant = 0

    nonisolated init() {}

    /// Waits for the lookup of `query`, which `begin` starts when none is in flight.
    ///
    /// - Parameter abandon: Called when nobody waits any more: true forgets the lookup, and nothing may be told of it
    ///   again; false lets it end by `finish`, and those who ask until then take part in it.
    func take(
        partIn query: NameQuery, tell: @escaping @NetworkActor (ResolvedPart) -> Void,
        begin: (Key) -> Void, abandon: @escaping @Sendable @NetworkActor (Key) -> Bool
    ) async throws(ResolverError) -> Resolution {
        let key = Key(host: query.host, families: query.families)
        lastParticipant += 1
        let number = lastParticipant
        let answer: Answer = await withTaskCancellationHandler {
            // The handler may have run already, and found nobody to wake. One that runs from now on comes after us.
            guard !Task.isCancelled else { return .failure(.cancelled) }
            let participant = Participant(port: query.port, tell: tell, answer: Promise())
            if let lookup = lookups[key] {
                lookups[key]!.isShared = true
                lookups[key]!.participants[number] = participant
                for part in lookup.parts { tell(part.with(port: query.port)) }
            } else {
                lookups[key] = Lookup(participants: [number: participant])
                begin(key)
            }
            return await participant.answer.value
        } onCancel: {
            EventLoop.shared.execute { self.leave(number, key, abandon) }
        }
        return try answer.get()
    }

    func tell(_ part: ResolvedPart, of key: Key) {
        guard let lookup = lookups[key] else { preconditionFailure("a part of no lookup: \(key)") }
        lookups[key]!.parts.append(part)
        for participant in lookup.participants.values { participant.tell(part.with(port: participant.port)) }
    }

    func finish(_ key: Key, _ answer: Answer) {
        guard let lookup = lookups.removeValue(forKey: key) else { preconditionFailure("the end of no lookup: \(key)") }
        for participant in lookup.participants.values {
            participant.answer.give(
                answer.map { resolution in
                    Resolution(
                        addresses: resolution.addresses.map { $0.with(port: participant.port) },
                        isCoalesced: lookup.isShared, source: resolution.source)
                })
        }
    }

    private func leave(_ number: Int, _ key: Key, _ abandon: @NetworkActor (Key) -> Bool) {
        guard let participant = lookups[key]?.participants.removeValue(forKey: number) else { return }
        participant.answer.give(.failure(.cancelled))
        if lookups[key]!.participants.isEmpty, abandon(key) { lookups[key] = nil }
    }
}

extension ResolvedPart {
    fileprivate func with(port: UInt16) -> ResolvedPart {
        var part = self
        part.addresses = addresses.map { $0.with(port: port) }
        part.records.addresses = records.addresses.map { $0.with(port: port) }
        return part
    }
}
