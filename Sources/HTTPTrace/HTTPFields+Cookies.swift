package import HTTPTypes

// Setting `[.cookie]` makes a field of each cookie, which only HTTP/2 allows, on the wire: over HTTP/1 a request has one
// Cookie field at most (RFC 6265 §5.4), and many a server looks at one only.

extension HTTPFields {
    /// Adds cookies, `a=1; b=2`, behind those there are, all in one field.
    package mutating func addCookies(_ cookies: String) {
        append(HTTPField(name: .cookie, value: cookies))
        joinCookies()
    }

    /// Makes one field of several, where the first one stands.
    package mutating func joinCookies() {
        let crumbs = self[values: .cookie]
        guard crumbs.count > 1 else { return }
        self[fields: .cookie] = [HTTPField(name: .cookie, value: crumbs.joined(separator: "; "))]
    }
}
