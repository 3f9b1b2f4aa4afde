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
    ///   once the response has ended, so it may never come to the end. With a `length`, it gives exactly that many bytes: the
    ///   request fails otherwise.
    public init(length: Int?, next: @escaping @Sendable @NetworkActor () async throws -> [UInt8]?) {
        self.length = length
        self.next = next
    }
}

extension RequestBodyStream: Equatable {
    // What has been read from one is gone from it: only the same one is equal.
    public static func == (left: RequestBodyStream, right: RequestBodyStream) -> Bool { left === right }
}

/// What is still to come of a body, where its length was announced. A server would take further bytes for the beginning of
/// another request, and wait for missing ones.
struct AnnouncedRest {
    /// Nil where nothing was announced.
    private(set) var bytes: Int?
    private let announced: Int

    init(of body: RequestBodyStream) { (bytes, announced) = (body.length, body.length ?? 0) }

    /// Notes a piece that is to be sent.
    mutating func take(_ piece: [UInt8]) throws(WrongLength) {
        guard let rest = bytes else { return }
        guard piece.count <= rest else {
            throw WrongLength(words: "it is longer than the \(announced) bytes announced")
        }
        bytes = rest - piece.count
    }

    /// Notes that no further piece comes.
    func end() throws(WrongLength) {
        guard let bytes, bytes > 0 else { return }
        throw WrongLength(words: "\(bytes) of the \(announced) bytes announced are missing")
    }

    struct WrongLength: Error, CustomStringConvertible {
        let words: String

        var description: String { words }
    }
}
