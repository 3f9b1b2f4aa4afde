internal import HTTPTrace
internal import Sessions

// HAR's seven times, in whole microseconds, from our eight phases:
//
//   ours   gap · queued · dns · connect · tunnel · tls · send · wait · receive · gap
//   HAR    └─ blocked ─┘  dns  └─ connect (ssl inside) ─┘ send  wait  receive
//
// A proxy's making of the way is part of `connect`, as in Chrome's own exports.
//
// HAR knows no gaps: what no phase claims (hand-overs, failed attempts before a retry) is counted as blocked, so that
// start + time is when the exchange ended. `_phases` says exactly what was when.

/// The `timings` of an entry. Nil is what HAR writes as -1: does not apply.
struct HARTimings: Equatable {
    var blocked: Int64?
    var dns: Int64?
    /// With tunnel and handshake.
    var connect: Int64?
    /// Part of `connect`.
    var ssl: Int64?
    var send: Int64 = 0
    var wait: Int64 = 0
    var receive: Int64 = 0
    /// The waiting for the pool in `blocked`; nil when the pool answered at once or was not asked.
    var queueing: Int64?

    /// The sum of all but `ssl`, exact: what `time` must be.
    var time: Int64 { (blocked ?? 0) + (dns ?? 0) + (connect ?? 0) + send + wait + receive }

    init(_ exchange: Exchange, at now: Timestamp) {
        func rounded(_ phase: Phase) -> Int64? {
            exchange.phases[phase].map { HARTimings.microseconds($0.duration(at: now)) }
        }
        dns = rounded(.dns)
        ssl = rounded(.tls)
        connect = rounded(.connect).map { $0 + (rounded(.tunnel) ?? 0) + (ssl ?? 0) }
        send = rounded(.send) ?? 0
        wait = rounded(.wait) ?? 0
        receive = rounded(.receive) ?? 0
        queueing = rounded(.queued)
        // Rounded parts may add up to a few microseconds more than the rounded whole: then nothing is left over.
        let claimed = time
        let rest = max(HARTimings.microseconds(exchange.total(at: now)) - claimed, 0)
        blocked = rest == 0 && queueing == nil ? nil : rest
    }

    /// Rounded to the nearest.
    private static func microseconds(_ duration: Duration) -> Int64 { (max(duration.nanoseconds, 0) + 500) / 1_000 }
}
