internal import Transport

/// A request's body that comes piece by piece, for bodies that are not at hand as a whole: a proxy's, mostly.
///
/// It is asked for the next piece when the kernel has the one before it, so a slow server slows its source down. Since it
/// can be read only once, such a request is never sent twice.
public final class RequestBodyStream: Sendable {
    /// Announced as Content-Length; nil where it is not known beforehand: the body goes out in chunks then.
    public let length: Int?
    let next: @Sendable @NetworkActor () async throws -> [UInt8]?

    /// - Parameter next: The next piece, never empty; nil at the end. What it throws ends the request. Not called any more
    ///   once the response has ended, so it may never come to the end. With a `length`, it gives exactly that many bytes.
    public init(length: Int?, next: @escaping @Sendable @NetworkActor () async throws -> [UInt8]?) {
        self.length = length
        self.next = next
    }
}

extension RequestBodyStream: Equatable {
    // What has been read from one is gone from it: only the same one is equal.
    public static func == (left: RequestBodyStream, right: RequestBodyStream) -> Bool { left === right }
}
