/// How far the playground's routes let themselves be driven. Everything above is answered with 400, so that a mistyped
/// figure is noticed.
enum PlaygroundLimits {
    /// One wait. Longer than any client's usual time limit, so that those can be tried out.
    static let pause = Duration.seconds(120)
    /// `/hang` gives up then: a forgotten request should not live for ever.
    static let hang = Duration.seconds(600)
    /// One body. Nothing is kept, so that only patience is at stake: enough for minutes on a fast link.
    static let bodyBytes = 16 << 30
    /// Chunks, events: as many as anyone will look at.
    static let pieces = 100_000
    /// A chain of redirects: five times what clients follow.
    static let redirects = 100
    /// Fields of one head: more than any client takes.
    static let headFields = 20_000
    /// What `/echo` repeats of a body; the rest is counted.
    static let echoedBytes = 64 << 10
}
