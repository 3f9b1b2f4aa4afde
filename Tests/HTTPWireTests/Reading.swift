import HTTPTypes

@testable import HTTPWire

/// What a reader told, with body pieces joined: how bytes were split on the way must not show.
enum Seen: Equatable {
    case informational(Int, HTTPFields)
    case response(Int, HTTPFields, BodyFraming)
    case request(String, HTTPFields, BodyFraming)
    case body(String)
    case trailers(HTTPFields)
    case end(HTTP1End)
    case unread(String)
    case failed(WireError.Kind)
}

extension [Seen] {
    /// Adds what was seen, joining bodies.
    fileprivate mutating func add(_ seen: Seen) {
        if case .body(let more) = seen, case .body(let before) = last {
            removeLast(); append(.body(before + more))
        } else {
            append(seen)
        }
    }

    /// The kind of error it ended with.
    var failure: WireError.Kind? { if case .failed(let kind) = last { kind } else { nil } }

    var end: HTTP1End? { for case .end(let end) in self { return end }; return nil }

    var body: String { for case .body(let text) in self { return text }; return "" }

    var framing: BodyFraming? {
        for seen in self {
            switch seen {
            case .response(_, _, let framing), .request(_, _, let framing): return framing
            default: continue
            }
        }
        return nil
    }
}

/// Text whose characters are bytes, so that a test can name any byte as `\u{80}` and print what it got.
extension String {
    var bytes: [UInt8] { unicodeScalars.map { UInt8($0.value) } }

    init(latin1 bytes: some Sequence<UInt8>) {
        self.init(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}

/// How bytes come: cut before the given offsets, and whether the sender closes after them, together with the last
/// piece or later.
struct Delivery {
    var cuts: [Int] = []
    var closes = false
    var closesLate = false

    func pieces(of bytes: [UInt8]) -> [(bytes: [UInt8], isEnd: Bool)] {
        let edges = [0] + cuts + [bytes.count]
        var pieces = zip(edges, edges.dropFirst()).map { (bytes: Array(bytes[$0..<$1]), isEnd: false) }
        if closesLate { pieces.append(([], false)) }
        pieces[pieces.count - 1].isEnd = closes
        return pieces
    }
}

/// Reads one response.
func readResponse(
    _ bytes: [UInt8], to method: HTTPRequest.Method = .get, offersUpgrade: Bool = false, asksToClose: Bool = false,
    limits: HTTP1Limits = .standard, _ delivery: Delivery = Delivery()
) -> [Seen] {
    var reader = HTTP1ResponseReader(limits: limits)
    reader.begin(requestMethod: method, offersUpgrade: offersUpgrade, asksToClose: asksToClose)
    var seen: [Seen] = []
    var unread: [UInt8] = []
    var hasEnded = false
    for (piece, isEnd) in delivery.pieces(of: bytes) {
        var offset = 0
        while !hasEnded {
            let rest = piece.span.extracting(offset..<piece.count)
            do {
                let step = try reader.next(rest, isEnd: isEnd)
                precondition(0...rest.count ~= step.consumed)
                switch step.event {
                case .informational(let head): seen.add(.informational(head.status, head.fields))
                case .head(let head, let framing): seen.add(.response(head.status, head.fields, framing))
                case .body(let range):
                    precondition(!range.isEmpty && range.upperBound == step.consumed)
                    seen.add(.body(String(latin1: piece[(offset + range.lowerBound)..<(offset + range.upperBound)])))
                case .trailers(let fields): seen.add(.trailers(fields))
                case .end(let end):
                    seen.add(.end(end))
                    hasEnded = true
                case nil: precondition(step.consumed == rest.count)
                }
                offset += step.consumed
                if step.event == nil { break }
            } catch {
                return seen + [.failed(error.kind)]
            }
        }
        unread += piece[offset...]
    }
    return unread.isEmpty ? seen : seen + [.unread(String(latin1: unread))]
}

func readResponse(
    _ text: String, to method: HTTPRequest.Method = .get, offersUpgrade: Bool = false, asksToClose: Bool = false,
    limits: HTTP1Limits = .standard, _ delivery: Delivery = Delivery()
) -> [Seen] {
    readResponse(
        text.bytes, to: method, offersUpgrade: offersUpgrade, asksToClose: asksToClose, limits: limits, delivery)
}

/// Reads all requests.
func readRequests(_ bytes: [UInt8], limits: HTTP1Limits = .standard, _ delivery: Delivery = Delivery()) -> [Seen] {
    var reader = HTTP1RequestReader(limits: limits)
    var seen: [Seen] = []
    for (piece, isEnd) in delivery.pieces(of: bytes) {
        var offset = 0
        while true {
            let rest = piece.span.extracting(offset..<piece.count)
            do {
                let step = try reader.next(rest, isEnd: isEnd)
                precondition(0...rest.count ~= step.consumed)
                switch step.event {
                case .head(let head, let framing):
                    seen.add(.request("\(head.method) \(head.target) \(head.version.rawValue)", head.fields, framing))
                case .body(let range):
                    precondition(!range.isEmpty && range.upperBound == step.consumed)
                    seen.add(.body(String(latin1: piece[(offset + range.lowerBound)..<(offset + range.upperBound)])))
                case .trailers(let fields): seen.add(.trailers(fields))
                case .end(let end): seen.add(.end(end))
                case nil: precondition(step.consumed == rest.count)
                }
                offset += step.consumed
                if step.event == nil { break }
            } catch {
                return seen + [.failed(error.kind)]
            }
        }
    }
    return seen
}

func readRequests(_ text: String, limits: HTTP1Limits = .standard, _ delivery: Delivery = Delivery()) -> [Seen] {
    readRequests(text.bytes, limits: limits, delivery)
}

// A span can't pass through `#expect`; these let a test feed text.
extension HTTP1ResponseReader {
    mutating func next(text: String) throws(WireError) -> Step { try next(text.bytes.span) }
}

extension HTTP1RequestReader {
    mutating func next(text: String) throws(WireError) -> Step { try next(text.bytes.span) }
}

extension HTTP1ResponseReader.Event {
    var head: ReceivedHead? { if case .head(let head, _) = self { head } else { nil } }
}

extension HTTP1RequestReader.Event {
    var head: ReceivedHead? { if case .head(let head, _) = self { head } else { nil } }
}
