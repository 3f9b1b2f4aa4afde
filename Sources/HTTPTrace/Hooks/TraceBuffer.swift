/// Where a trace's records are kept as they happen, for those who look at many at a time: recorders.
///
/// What an event costs decides whether a trace may stay installed. This is a few words written to memory that is there
/// already; a closure an event is ten times that.
///
/// Belongs to the network thread: filled there by the client, to be emptied there by its owner.
public final class TraceBuffer: @unchecked Sendable {
    /// Puts records in. As long as the buffer, which it doesn't count as its user: that costs as much as a record.
    public let keeper: Keeper
    private var state: UnsafeMutablePointer<State> { keeper.state }

    /// Called after the first record since it was empty. Set before it is used.
    public var begun: (@Sendable () -> Void)? {
        get { state.pointee.begun }
        set { state.pointee.begun = newValue }
    }
    /// Called after each record from the `limit`th on: it holds more when nobody empties it. Set before it is used.
    public var filled: (@Sendable () -> Void)? {
        get { state.pointee.filled }
        set { state.pointee.filled = newValue }
    }

    /// - Parameter limit: How many records make it full.
    public init(limit: Int) {
        keeper = Keeper(state: .allocate(capacity: 1))
        state.initialize(to: State(limit: limit))
    }

    deinit {
        removeAll()
        state.pointee.memory.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    public var count: Int { state.pointee.count }

    public func append(_ record: TraceRecord) {
        keeper.append(
            time: record.time, exchange: record.exchange, connection: record.connection, event: record.event)
    }

    /// Takes out what there is, oldest first.
    public func take() -> [TraceRecord] {
        let count = count
        let memory = state.pointee.memory
        state.pointee.count = 0
        return Array(unsafeUninitializedCapacity: count) { records, taken in
            if count > 0 { records.baseAddress!.moveInitialize(from: memory, count: count) }
            taken = count
        }
    }

    /// Forgets what there is and keeps its room.
    public func removeAll() {
        state.pointee.memory.deinitialize(count: count)
        state.pointee.count = 0
    }
}

extension TraceBuffer {
    // Plain memory: an array asks at each append whether anybody else has it.
    @usableFromInline
    struct State {
        @usableFromInline let limit: Int
        @usableFromInline var memory: UnsafeMutablePointer<TraceRecord>
        @usableFromInline var capacity: Int
        @usableFromInline var count = 0
        fileprivate var begun: (@Sendable () -> Void)?
        fileprivate var filled: (@Sendable () -> Void)?

        init(limit: Int) {
            self.limit = limit
            // A quiet program's batches are small: a full one's room would be the most of its memory.
            capacity = max(1, min(limit, 64))
            memory = .allocate(capacity: capacity)
        }
    }

    /// Puts records into a buffer that somebody else holds.
    public struct Keeper: @unchecked Sendable {
        @usableFromInline let state: UnsafeMutablePointer<State>

        fileprivate init(state: UnsafeMutablePointer<State>) { self.state = state }

        // Put into its callers: an event's words then go from where they are known to where they stay, and no further.
        @inlinable @inline(__always)
        public func append(
            time: Timestamp, exchange: ExchangeID?, connection: ConnectionID?, event: consuming TraceEvent
        ) {
            let count = state.pointee.count
            if count == state.pointee.capacity { grow() }
            (state.pointee.memory + count).initialize(
                to: TraceRecord(time: time, exchange: exchange, connection: connection, event: event))
            state.pointee.count = count + 1
            if count == 0 || count + 1 >= state.pointee.limit { callOwner() }
        }

        @usableFromInline @inline(never)
        func callOwner() {
            let count = state.pointee.count
            if count >= state.pointee.limit { state.pointee.filled?() } else { state.pointee.begun?() }
        }

        @usableFromInline @inline(never)
        func grow() {
            let (old, capacity) = (state.pointee.memory, 2 * state.pointee.capacity)
            let larger = UnsafeMutablePointer<TraceRecord>.allocate(capacity: capacity)
            larger.moveInitialize(from: old, count: state.pointee.count)
            old.deallocate()
            state.pointee.memory = larger
            state.pointee.capacity = capacity
        }
    }
}
