import HTTPTrace
import HTTPTypes
import HTTPWire
import Sessions
import Transport

// Bodies become captures here: their codings are taken off, the first bytes are kept, all are counted and digested. On the
// global executor, since decoding and digesting a gigabyte takes seconds that neither the network nor the screen has.

/// Makes captures of the pieces it is given.
struct BodyCollector {
    /// How much of each body is kept.
    let limit: Int
    /// Whether bodies are left as they came.
    let isRaw: Bool
    /// Whether bodies are digested, which takes longer than all else: a fast server's body waits for it.
    let digests: Bool
    private var open: [TraceBatch.BodyOwner: Partial] = [:]
    /// The latest head that names no codings.
    private var plainHead: ResponseHead?
    /// The latest body that came in one piece and in no coding, as it came, and what was made of it.
    private var latest: (bytes: [UInt8], capture: BodyCapture)?

    /// - Parameter isRaw: curl's `--raw`.
    init(keeping limit: Int, isRaw: Bool = false, digests: Bool = true) {
        self.limit = limit
        self.isRaw = isRaw
        self.digests = digests
    }

    /// Takes in a piece.
    ///
    /// - Returns: The capture, when this was the last piece.
    mutating func add(_ piece: TraceBatch.BodyPiece) -> BodyCapture? {
        guard !piece.hasNoAnswer else { return .ofNoAnswer }
        // Most bodies come in one piece, and then nobody need look for them.
        let known = open.isEmpty ? nil : open.removeValue(forKey: piece.owner)
        let head = known == nil ? encodedHead(piece.head) : nil
        if piece.isLast, known == nil, head == nil { return capture(piece) }
        let partial = known ?? Partial(head, keeping: limit, isRaw: isRaw, digests: digests)
        partial.add(piece.bytes)
        guard piece.isLast else {
            open[piece.owner] = partial
            return nil
        }
        return partial.finish(piece.problem, isBroken: piece.isBroken)
    }

    /// A body in one piece that names no codings. One that is the same as the last one, as in a load, is neither digested nor
    /// kept a second time.
    private mutating func capture(_ piece: TraceBatch.BodyPiece) -> BodyCapture {
        let capture: BodyCapture
        if let latest, latest.bytes.isSame(as: piece.bytes) {
            capture = latest.capture
        } else {
            var digest = digests ? SHA256Digest() : nil
            piece.bytes.withUnsafeBytes { digest?.update($0) }
            capture = BodyCapture(
                bytes: piece.bytes.count > limit ? Array(piece.bytes.prefix(limit)) : piece.bytes,
                totalBytes: piece.bytes.count, sha256: digest?.finish().hexadecimal ?? "")
            latest = (piece.bytes, capture)
        }
        return piece.problem == nil ? capture : capture.with(problem: piece.problem)
    }

    /// The head, where it may name codings. One that is the same as the last one, as in a load, is not looked through again.
    private mutating func encodedHead(_ head: ResponseHead?) -> ResponseHead? {
        guard let head else { return nil }
        if head !== plainHead {
            guard !head.mayHave("content-encoding") else { return head }
            plainHead = head
        }
        return nil
    }

    /// Whether more of that body is of no use: it grows without end.
    func isBomb(_ owner: TraceBatch.BodyOwner) -> Bool {
        if case .bomb = open[owner]?.decoder?.problem { true } else { false }
    }

    // A class since a digest can't be copied, and a dictionary's values must be.
    private final class Partial {
        let limit: Int
        /// Nil where there is nothing to take off.
        var decoder: ContentDecoder?
        var reasonLeftEncoded: String?
        var kept: [UInt8] = []
        var total = 0
        var digest: SHA256Digest?

        /// - Parameter head: Nil where it names no codings.
        init(_ head: ResponseHead?, keeping limit: Int, isRaw: Bool, digests: Bool) {
            self.limit = limit
            digest = digests ? SHA256Digest() : nil
            guard let head else { return }
            do throws(ContentCoding.Refusal) {
                let codings = try ContentCoding.read(head.fields[values: .contentEncoding])
                guard !codings.isEmpty else { return }
                if isRaw { reasonLeftEncoded = "--raw" } else { decoder = ContentDecoder(codings) }
            } catch {
                reasonLeftEncoded = error.description
            }
        }

        func add(_ bytes: [UInt8]) {
            guard let decoder else { return bytes.withUnsafeBytes { keep($0) } }
            bytes.withUnsafeBytes { bytes in
                // What is wrong is asked for at the end.
                do throws(DecodingProblem) { try decoder.decode(bytes) { keep($0) } } catch {}
            }
        }

        private func keep(_ bytes: UnsafeRawBufferPointer) {
            total += bytes.count
            kept += bytes.prefix(max(limit - kept.count, 0))
            digest?.update(bytes)
        }

        /// - Parameter isBroken: The body itself did not come whole, and that is told elsewhere.
        func finish(_ problem: Failure?, isBroken: Bool) -> BodyCapture {
            var problem = problem
            if let decoder, problem == nil {
                do throws(DecodingProblem) { try decoder.finish() } catch {
                    if case .truncated = error, isBroken {} else { problem = error.failure }
                }
            }
            return BodyCapture(
                bytes: kept, totalBytes: total, sha256: digest?.finish().hexadecimal ?? "",
                codings: decoder?.codings.map(\.rawValue) ?? [], reasonLeftEncoded: reasonLeftEncoded,
                problem: problem)
        }
    }
}

extension [UInt8] {
    /// Two lower-case digits a byte.
    var hexadecimal: String {
        let digits: StaticString = "0123456789abcdef"
        return String(unsafeUninitializedCapacity: 2 * count) { text in
            for (place, byte) in enumerated() {
                text[2 * place] = digits.utf8Start[Int(byte >> 4)]
                text[2 * place + 1] = digits.utf8Start[Int(byte & 15)]
            }
            return 2 * count
        }
    }
}
