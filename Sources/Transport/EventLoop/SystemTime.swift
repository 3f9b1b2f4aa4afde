internal import CLinux
public import HTTPTrace

/// The machine's monotonic clock, asked anew each time (about 20 ns, no system call).
public struct SystemTime: TimeSource {
    public init() {}

    public var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// How long the machine has slept since its boot: for as long the clock has stood still.
    public static var timeAsleep: Duration {
        // In this order: a pause between the two questions makes it too short, and the next look mends that.
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        let wakingAndAsleep = Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
        return wakingAndAsleep - SystemTime().now
    }
}
