internal import CLinux
internal import Glibc

/// Starts a thread that runs `body` and ends with it; nobody waits for it.
///
/// - Parameter name: At most 15 bytes, as `top -H` and debuggers show it.
/// - Returns: False when the system has no thread left to give (EAGAIN); `body` is then never run.
@discardableResult
func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))

    let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
    var thread = pthread_t()
    let result = pthread_create(
        &thread, &attributes,
        { argument in
            let start = Unmanaged<ThreadStart>.fromOpaque(argument!).takeRetainedValue()
            _ = set_thread_name(start.name)
            start.body()
            return nil
        }, start.toOpaque())
    if result != 0 { start.release() }
    return result == 0
}

private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}
