public import HTTPTrace
internal import Histogram

/// The figures of many requests together: what a repeated probe is after. Takes the memory of a few histograms, however
/// many requests it takes in.
public struct LoadSummary: Sendable {
    /// Spread of one phase, or of the whole.
    public struct Spread: Equatable, Sendable {
        /// How many requests had the phase at all.
        public var count: Int
        public var min, p50, p90, p95, p99, max: Duration
    }

    public private(set) var requests = 0
    /// On a connection that was open before.
    public private(set) var reused = 0
    /// How many answers had each status.
    public private(set) var statuses: [Int: Int] = [:]
    /// How many failed in each way.
    public private(set) var failures: [Failure.Kind: Int] = [:]
    /// Body bytes received.
    public private(set) var bodyBytes = 0
    private var first: Timestamp?
    private var last: Timestamp?
    // In the order of `Phase.allCases`: each request has most of them.
    private var phases = [Spans?](repeating: nil, count: Phase.allCases.count)
    private var totals = Spans()
    private var firstBytes = Spans()

    public init() {}

    /// Takes in an exchange that has ended. Failed ones count as failures too; their times say nothing about the server.
    public mutating func add(_ ending: Ending) {
        requests += 1
        first = min(first ?? ending.startedAt, ending.startedAt)
        last = max(last ?? ending.finishedAt, ending.finishedAt)
        bodyBytes += ending.bodyBytes
        if let status = ending.status { statuses[status, default: 0] += 1 }
        if ending.warmth == .warm { reused += 1 }
        if let failure = ending.failure {
            failures[failure, default: 0] += 1
            return
        }
        totals.add(ending.total)
        if let time = ending.timeToFirstByte { firstBytes.add(time) }
        for (place, phase) in Phase.allCases.enumerated() {
            guard let span = ending.phases[phase] else { continue }
            if phases[place] == nil { phases[place] = Spans() }
            phases[place]!.add(span.duration(at: ending.finishedAt))
        }
    }

    /// One that was taken in as good turned out to be a failure: its body could not be decoded.
    public mutating func addFailure(_ kind: Failure.Kind) { failures[kind, default: 0] += 1 }

    /// Nil when no good request had the phase.
    public func spread(of phase: Phase) -> Spread? { phases[Phase.allCases.firstIndex(of: phase)!]?.spread }

    /// From asking to the end; nil without a good request.
    public var total: Spread? { totals.spread }

    /// From asking to the first byte; nil without a good request.
    public var firstByte: Spread? { firstBytes.spread }

    /// From the first request's start to the last one's end.
    public var elapsed: Duration { first.map { last! - $0 } ?? .zero }

    /// Good and failed ones together; nil when no time passed.
    public var requestsPerSecond: Double? {
        elapsed > .zero ? Double(requests) / (elapsed.milliseconds / 1000) : nil
    }

    /// Nanoseconds in a histogram of three digits, with the extremes exactly, and few of them all exactly.
    private struct Spans: Sendable {
        private var histogram = {
            // Ten seconds to begin with, 100 kB: growing there step by step takes as long as ten thousand requests.
            var histogram = Histogram<UInt32>(highestTrackableValue: 10_000_000_000)
            histogram.autoResize = true
            return histogram
        }()
        private var low = Duration.seconds(1 << 40)
        private var high = Duration.zero
        private var few = FewTimes()

        mutating func add(_ duration: Duration) {
            histogram.record(UInt64(Swift.max(duration.nanoseconds, 0)))
            low = Swift.min(low, duration)
            high = Swift.max(high, duration)
            few.add(duration)
        }

        var spread: Spread? {
            guard histogram.totalCount > 0 else { return nil }
            // A bucket's upper edge may lie past the longest time seen.
            func at(_ percent: Double) -> Duration {
                few.time(percentile: percent)
                    ?? Swift.min(.nanoseconds(Int64(histogram.valueAtPercentile(percent))), high)
            }
            return Spread(
                count: Int(histogram.totalCount), min: low, p50: at(50), p90: at(90), p95: at(95), p99: at(99),
                max: high)
        }
    }
}
