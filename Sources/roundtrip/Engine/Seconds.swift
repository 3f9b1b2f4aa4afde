import ArgumentParser
import HTTPTrace

/// A time limit as it is typed: seconds, more than none and at most a day.
struct Seconds: ExpressibleByArgument, Equatable {
    var duration: Duration

    init?(argument: String) {
        guard let seconds = Double(decimal: argument), seconds > 0, seconds <= 86_400 else { return nil }
        duration = .seconds(seconds)
    }
}

/// A count as it is typed: 1 to ten million.
struct Count: ExpressibleByArgument, Equatable {
    var number: Int

    init?(argument: String) {
        guard let number = Int(digits: argument), (1...10_000_000).contains(number) else { return nil }
        self.number = number
    }
}
