import HTTPTrace
import HTTPTypes
public import Sessions

// What a listening server answers, in one line, spelled as in the probe line:
//
//   404                                              a status
//   200 -H 'Content-Type: application/json' -d '{}'  fields and a body
//   503 --delay 2000                                 milliseconds

/// Reads and writes the answer line.
public enum AnswerLine {
    /// Reads one line; what it does not name is as in a new `AnswerDraft`.
    public static func parse(_ line: String) throws(ProbeLine.Problem) -> AnswerDraft {
        var words: ArraySlice<ShellWords.Word>
        do { words = try ShellWords.split(line)[...] } catch {
            throw ProbeLine.Problem(
                message: "The \(error.quote) is not closed.", column: error.column, isUnfinished: true)
        }
        var answer = AnswerDraft()
        var bodyWord: ShellWords.Word?
        while let word = words.popFirst() {
            switch word.text {
            case "-H", "--header": try take(field: try value(of: word, &words), at: word, into: &answer)
            case "-d", "--data", "--data-raw":
                let text = try value(of: word, &words)
                // A file's name behind @ would need reading a file, which the interface never does.
                guard !text.hasPrefix("@") || word.text == "--data-raw" else {
                    throw problem("\(word.text) \(text): files are not read here; type the body itself.", at: word)
                }
                (answer.body, bodyWord) = (Array(text.utf8), word)
            case "--delay":
                let limit = Int(AnswerDraft.delayLimit.components.seconds) * 1000
                guard let delay = Int(try value(of: word, &words)), (0...limit).contains(delay) else {
                    throw problem("--delay takes milliseconds, 0 to \(limit).", at: word)
                }
                answer.delay = .milliseconds(delay)
            default:
                guard let status = Int(word.text), (200...599).contains(status) else {
                    throw problem("\(word.text) is no status from 200 to 599, nor -H, -d or --delay.", at: word)
                }
                answer.status = status
            }
        }
        if let bodyWord, !answer.body.isEmpty, !answer.mayHaveBody {
            throw problem("A \(answer.status) has no body: leave \(bodyWord.text) out.", at: bodyWord)
        }
        return answer
    }

    /// The line that `parse` reads as the same answer. A body that is not text can't be written and is left out.
    public static func line(for answer: AnswerDraft) -> String {
        var parts = ["\(answer.status)"]
        for field in answer.fields { parts += ["-H", ShellWords.quoted("\(field.name.rawName): \(field.value)")] }
        if let body = String(validating: answer.body, as: UTF8.self), !body.isEmpty {
            parts += [body.utf8.first == UInt8(ascii: "@") ? "--data-raw" : "-d", ShellWords.quoted(body)]
        }
        if answer.delay > .zero { parts += ["--delay", "\(Int(answer.delay.milliseconds))"] }
        return parts.joined(separator: " ")
    }

    private static func value(
        of word: ShellWords.Word, _ words: inout ArraySlice<ShellWords.Word>
    ) throws(ProbeLine.Problem) -> String {
        guard let value = words.popFirst()?.text else {
            throw problem("\(word.text) needs a value.", at: word, isUnfinished: true)
        }
        return value
    }

    private static func take(
        field text: String, at word: ShellWords.Word, into answer: inout AnswerDraft
    ) throws(ProbeLine.Problem) {
        guard let colon = text.firstIndex(of: ":"), let name = HTTPField.Name(String(text[..<colon])) else {
            throw problem("A field is written -H 'Name: value'.", at: word, isUnfinished: true)
        }
        // The server says these itself; two of them would be two answers.
        guard ![.contentLength, .transferEncoding, .connection].contains(name) else {
            throw problem("\(name.rawName) is the server's own business.", at: word)
        }
        let value = String(text[text.index(after: colon)...].drop { $0 == " " })
        guard HTTPField.isValidValue(value) else {
            throw problem("The value of \(name.rawName) holds characters that no field may have.", at: word)
        }
        answer.fields.append(HTTPField(name: name, value: value))
    }

    private static func problem(
        _ message: String, at word: ShellWords.Word, isUnfinished: Bool = false
    ) -> ProbeLine.Problem {
        ProbeLine.Problem(message: message, column: word.column, isUnfinished: isUnfinished)
    }
}
