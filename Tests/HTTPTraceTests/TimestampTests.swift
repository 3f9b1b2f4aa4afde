import HTTPTrace
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test func `moments and lengths add up to the nanosecond`() {
        let start = Timestamp(nanoseconds: 1_000_000_001)
        #expect(start + .nanoseconds(2) == Timestamp(nanoseconds: 1_000_000_003))
        #expect(start - Timestamp.seconds(2) == .nanoseconds(-999_999_999))
        #expect(Timestamp.milliseconds(1.5) == Timestamp(nanoseconds: 1_500_000))
        #expect(Duration.microseconds(1_500).milliseconds == 1.5)
    }

    @Test func `attoseconds are cut to nanoseconds, on both sides of what is divided in 64 bits`() {
        let border = Int128(Int64.max) << 9
        for middle in [0, 1_000_000_000, 90_000_000_000_000_000_000, border] {
            for offset in -1_000_000_001...(-999_999_998) {
                for attoseconds in [middle + Int128(offset), middle, middle - Int128(offset)] {
                    #expect(Int128(Duration(attoseconds: attoseconds).nanoseconds) == attoseconds / 1_000_000_000)
                }
            }
        }
    }

    @Test func `never is far away and not a trap`() {
        #expect(Duration.seconds(Int64.max).nanoseconds == .max / 4)
        #expect(Duration.seconds(Int64.min).nanoseconds == .min / 4)
        // Just below the limit the seconds fit and the rest does not.
        #expect(
            Duration(secondsComponent: 9_223_372_036, attosecondsComponent: 999_999_999_999_999_999).nanoseconds == .max
                / 4)
        #expect(Timestamp(nanoseconds: .max - 1) + .seconds(1) == Timestamp(nanoseconds: .max))
    }

    @Test(arguments: [
        (Duration.milliseconds(250), "250 ms"), (.microseconds(500), "0.5 ms"), (.zero, "0 ms"),
        (.milliseconds(2), "2 ms"), (.microseconds(12_600), "13 ms"), (.microseconds(999_600), "1 s"),
        (.milliseconds(1_250), "1.25 s"), (.milliseconds(1_204), "1.2 s"), (.milliseconds(3_004), "3 s"),
        (.milliseconds(1_999), "2 s"), (.seconds(90), "90 s"),
    ])
    func `a length is put into words, rounded to the hundredth of a second`(length: Duration, words: String) {
        #expect(length.inWords == words)
    }

    @Test func `a stamp becomes a date by the anchor, whatever the wall clock does later`() {
        let anchor = ClockAnchor(monotonic: .seconds(100), unixNanoseconds: 1_700_000_000_000_000_000)
        #expect(anchor.unixNanoseconds(at: .seconds(101)) == 1_700_000_001_000_000_000)
        #expect(anchor.unixNanoseconds(at: .seconds(99)) == 1_699_999_999_000_000_000)
    }
}
