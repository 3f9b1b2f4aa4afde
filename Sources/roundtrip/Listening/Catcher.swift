import HTTPServer
import HTTPTrace
import HTTPTypes
import Sessions
import Transport

/// Answers every request alike, and keeps what it brought.
@NetworkActor
final class Catcher {
    /// What is answered from now on.
    private var answer: AnswerDraft
    private let recorder: TraceRecorder

    nonisolated init(answer: AnswerDraft, recorder: TraceRecorder) {
        self.answer = answer
        self.recorder = recorder
    }

    func set(_ answer: AnswerDraft) { self.answer = answer }

    func handle(_ request: ServerRequest, _ responder: ServerResponder) async throws {
        try await request.readBody(into: recorder) { _ in }
        // As it is when the request has come: a person who edits it means the next answer.
        let answer = answer
        if answer.delay > .zero { try await Pause.wait(for: answer.delay) }
        let status = HTTPResponse.Status(code: answer.status)
        try await responder.send(HTTPResponse(status: status, headerFields: answer.fields), answer.body)
        recorder.record(.init(owner: .response(.forwarded(request.id)), bytes: answer.body, isLast: true))
        // The answer has gone: what waits is the connection's next request, for a screen that can't follow.
        if recorder.isBehind { await recorder.ready() }
    }
}

extension ServerRequest {
    /// Reads the body to its end, and lets the recorder keep what it keeps of it.
    func readBody(into recorder: TraceRecorder, _ pass: (_ piece: [UInt8]) async throws -> Void) async throws {
        do {
            while let piece = try await readBody() {
                recorder.record(.init(owner: .request(id), bytes: piece, isLast: false))
                if recorder.isBehind { await recorder.ready() }
                try await pass(piece)
            }
        } catch {
            recorder.recordNoMore(of: id)
            throw error
        }
        recorder.recordNoMore(of: id)
    }
}
