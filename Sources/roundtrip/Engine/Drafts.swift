import ArgumentParser
import HTTPTrace
import Sessions

/// Reads the URLs of a command line, and for `-` those of standard input; the first that is none ends it.
func drafts(for urls: [String], _ draft: (RequestURL) throws -> RequestDraft) throws -> [RequestDraft] {
    var drafts: [RequestDraft] = []
    for text in urls {
        guard text == StandardInput.name else {
            drafts.append(try draft(try requestURL(text, in: "")))
            continue
        }
        for line in try StandardInput.lines() {
            drafts.append(try draft(try requestURL(line.text, in: "Standard input, line \(line.number): ")))
        }
    }
    return drafts
}

/// - Parameter place: What stands before the words on what is wrong.
private func requestURL(_ text: String, in place: String) throws -> RequestURL {
    do throws(TypedURL.Problem) { return try TypedURL.parse(text) } catch {
        throw ValidationError(place + error.description)
    }
}
