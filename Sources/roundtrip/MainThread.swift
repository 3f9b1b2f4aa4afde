import CLinux
import Dispatch
import Glibc

/// The thread the program starts on, which serves the main actor to the end.
///
/// An asynchronous `main` would leave the main actor to helper threads and end this one, for which the C library unwinds
/// its stack: half a megabyte of tables is read for that alone.
enum MainThread {
    /// Runs `program` on the main actor, then ends the process.
    static func run(_ program: @escaping @MainActor () async -> Void) -> Never {
        Task { @MainActor in
            await program()
            exit(EXIT_SUCCESS)
        }
        var wakeups = pollfd(fd: _dispatch_get_main_queue_handle_4CF(), events: Int16(POLLIN), revents: 0)
        while true {
            guard poll(&wakeups, 1, -1) > 0 else { continue }
            var count: eventfd_t = 0
            eventfd_read(wakeups.fd, &count)
            _dispatch_main_queue_callback_4CF(nil)
        }
    }
}
