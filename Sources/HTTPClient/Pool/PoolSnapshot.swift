public import HTTPTrace

/// How many connections the pool has for each key, at one moment (golang/go#56241 asks for it).
public struct PoolSnapshot: Equatable, Sendable {
    public struct Counts: Equatable, Sendable {
        public var dialing = 0
        public var active = 0
        public var idle = 0
        /// Requests without a connection yet, those that wait for their own dial included.
        public var waiting = 0
        /// Requests under way on HTTP/2 connections.
        public var streams = 0
    }

    /// Only keys with a connection or a waiting request.
    public var hosts: [ConnectionKey: Counts] = [:]

    public var total: Counts {
        hosts.values.reduce(into: Counts()) { sum, host in
            sum.dialing += host.dialing
            sum.active += host.active
            sum.idle += host.idle
            sum.waiting += host.waiting
            sum.streams += host.streams
        }
    }
}
