internal import CLinux

// What is known about a descriptor between two looks at it, so that no system call is made whose answer is known.
//
//                  edge arrives
//      must wait ───────────────▶ may try
//          ▲                         │
//          └── EAGAIN, or a call that moved less than it could
//
// Edge-triggered epoll tells each arrival once, so a side that "may try" stays so until the kernel says it's dry. A
// short read says that too and saves the EAGAIN (epoll(7), Q9), but only while nothing else is behind those bytes: an end of
// stream that came along with them had its edge already, and would never be told again.

/// Whether reading and writing are worth a try.
struct Readiness: Equatable {
    /// Reading may return bytes, the end, or an error.
    private(set) var mayRead: Bool
    /// Writing may take bytes, or fail.
    private(set) var mayWrite: Bool
    /// The peer ended its side, the connection broke, or urgent data cuts reads short: reads stay worth a try for good.
    private var isReadingSticky = false

    /// A socket's state before its first edge. Reading always waits for it: registering reports what is there already.
    init(mayWrite: Bool) {
        mayRead = false
        self.mayWrite = mayWrite
    }

    // EPOLLPRI because a read stops short at a byte of urgent data with more behind it, which a peer may send.
    static let interest =
        EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLPRI.rawValue | EPOLLET.rawValue

    private static let ends =
        EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue | EPOLLPRI.rawValue
    private static let readingEvents = EPOLLIN.rawValue | ends
    private static let writingEvents = EPOLLOUT.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue

    /// An edge. Says which sides it is about.
    mutating func arrived(_ events: UInt32) -> (reading: Bool, writing: Bool) {
        let reading = events & Self.readingEvents != 0
        let writing = events & Self.writingEvents != 0
        if reading { mayRead = true }
        if writing { mayWrite = true }
        if events & Self.ends != 0 { isReadingSticky = true }
        return (reading, writing)
    }

    /// A read returned `count` bytes where `capacity` had room.
    mutating func didRead(_ count: Int, of capacity: Int) {
        if count < capacity, !isReadingSticky { mayRead = false }
    }

    mutating func readWouldBlock() { mayRead = false }

    /// A write took `count` of `offered` bytes.
    mutating func didWrite(_ count: Int, of offered: Int) {
        if count < offered { mayWrite = false }
    }

    mutating func writeWouldBlock() { mayWrite = false }
}
