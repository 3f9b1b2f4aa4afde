public import HTTPTrace
internal import HTTPTypes
public import HTTPWire

/// A response's body without its content codings, piece by piece as it arrives. Can be read once, instead of
/// `Response.body`. Decoding is done where it is read, not on the network thread.
///
///     for try await piece in try response.decodedBody() { … }
public final class DecodedBody: AsyncSequence {
    public typealias Element = [UInt8]
    public typealias Failure = HTTPTrace.Failure

    /// Empty when the response named none.
    public let codings: [ContentCoding]
    private let body: BodyStream
    private let decoder: ContentDecoder
    private var encoded: ArraySlice<UInt8> = []
    private var isOver = false

    /// What is decoded in one go: a small part of a small body may be all of a large one.
    private static let stepBytes = 4_096

    init(_ body: BodyStream, _ codings: [ContentCoding], limits: ContentDecoder.Limits) {
        self.body = body
        self.codings = codings
        decoder = ContentDecoder(codings, limits: limits)
    }

    /// Body bytes taken in, in their codings.
    public var encodedBytes: Int { decoder.encodedBytes }
    /// Body bytes given out.
    public var decodedBytes: Int { decoder.decodedBytes }

    /// The next piece, never empty; nil at the end.
    ///
    /// - Throws: `.decode` when the coding is damaged or breaks off, `.tooLarge` for a bomb, and what the body throws.
    ///   Bytes already given stay true.
    public func next() async throws(HTTPTrace.Failure) -> [UInt8]? {
        while !isOver {
            if encoded.isEmpty {
                guard let piece = try await body.next() else {
                    isOver = true
                    do throws(DecodingProblem) { try decoder.finish() } catch { throw error.failure }
                    break
                }
                encoded = piece[...]
            }
            let decoded = try decodeStep()
            if !decoded.isEmpty { return decoded }
        }
        return nil
    }

    private func decodeStep() throws(HTTPTrace.Failure) -> [UInt8] {
        let step = encoded.prefix(Self.stepBytes)
        encoded = encoded.dropFirst(step.count)
        var decoded: [UInt8] = []
        let result = step.withUnsafeBytes { bytes in
            Result { () throws(DecodingProblem) in try decoder.decode(bytes) { decoded += $0 } }
        }
        do throws(DecodingProblem) { try result.get() } catch {
            // What came out before the damage is given out; the next call tells.
            guard decoded.isEmpty else { return decoded }
            isOver = true
            throw error.failure
        }
        return decoded
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let body: DecodedBody

        public func next() async throws(HTTPTrace.Failure) -> [UInt8]? { try await body.next() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}

extension Response {
    /// The body as it was before the server made it smaller.
    ///
    /// - Throws: `.decode` when it names a coding that is not known, or too many.
    public func decodedBody(
        limits: ContentDecoder.Limits = ContentDecoder.Limits()
    ) throws(HTTPTrace.Failure) -> DecodedBody {
        do throws(ContentCoding.Refusal) {
            let codings = try ContentCoding.read(head.fields[values: .contentEncoding])
            return DecodedBody(body, codings, limits: limits)
        } catch {
            throw HTTPTrace.Failure(.decode, phase: .receive, "the body can't be decoded: \(error)")
        }
    }
}
