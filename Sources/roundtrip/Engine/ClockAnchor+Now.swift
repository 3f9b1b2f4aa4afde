import Glibc
import HTTPTrace
import Transport

extension ClockAnchor {
    /// Both clocks, asked one right after the other.
    static var now: ClockAnchor {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return ClockAnchor(
            monotonic: SystemTime().now, unixNanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
