import Transport

/// What an observer was told, in order, for tests that wait for it.
@NetworkActor
final class ObservedList<Element: Sendable> {
    private(set) var elements: [Element] = []
    private var waiters: [(isMet: ([Element]) -> Bool, place: WaitingPlace)] = []
    private var willLook = false

    nonisolated init() {}

    func append(_ element: Element) {
        elements.append(element)
        // Once a turn: a flood of a thousand elements would be looked through a thousand times.
        guard !waiters.isEmpty, !willLook else { return }
        willLook = true
        EventLoop.shared.execute { self.look() }
    }

    /// Waits until `isMet`, which is asked again when something was appended.
    func until(_ isMet: @escaping ([Element]) -> Bool) async {
        guard !isMet(elements) else { return }
        let place = WaitingPlace()
        waiters.append((isMet, place))
        await place.wait()
    }

    private func look() {
        willLook = false
        var waiting: [(isMet: ([Element]) -> Bool, place: WaitingPlace)] = []
        for waiter in waiters { if waiter.isMet(elements) { waiter.place.wake() } else { waiting.append(waiter) } }
        waiters = waiting
    }
}
