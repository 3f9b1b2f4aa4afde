import ArgumentParser
import HTTPTrace
import Sessions

/// Reads the URLs of a command line; the first that is none ends it.
func drafts(for urls: [String], _ draft: (RequestURL) throws -> RequestDraft) throws -> [RequestDraft] {
    try urls.map { text in
        let url: RequestURL
        do throws(TypedURL.Problem) { url = try TypedURL.parse(text) } catch {
            throw ValidationError(error.description)
        }
        return try draft(url)
    }
}
