// What curl's options are in a line that is one request: part of it, nothing to it, or none of its business.

/// An option of curl's, as far as a copied command may hold it.
enum CurlOption: Equatable {
    /// Says something of the request.
    case request(takesValue: Bool)
    /// Is so by default, or as the session has it.
    case implied
    /// Is about what curl does with the answer, or how long it waits: left out, which is then said.
    case leftOut(takesValue: Bool)
    /// Holds for all requests of a session.
    case session(takesValue: Bool)

    /// Nil for one that is not known.
    init?(_ name: String) {
        guard let option = Self.all[name] else { return nil }
        self = option
    }

    var takesValue: Bool {
        switch self {
        case .request(let takesValue), .leftOut(let takesValue), .session(let takesValue): takesValue
        case .implied: false
        }
    }

    /// Why an option is refused, and what can be said instead.
    static func refusal(of name: String) -> String {
        let those = "-X -H -d -G -F -b -u -A -e can."
        guard case .session = CurlOption(name) else { return "\(name) can't be set for one request; \(those)" }
        return "\(name) holds for all requests: start roundtrip with it. For one request, \(those)"
    }

    private static let all: [String: CurlOption] = {
        var all: [String: CurlOption] = [:]
        func add(_ option: CurlOption, _ names: String) {
            for name in names.split(separator: " ") { all[String(name)] = option }
        }
        add(
            .request(takesValue: true),
            "-X --request -H --header -d --data --data-raw --data-ascii --data-binary --data-urlencode --json -F --form "
                + "--form-string -A --user-agent -e --referer -b --cookie -u --user --url")
        add(.request(takesValue: false), "-I --head -G --get --compressed")
        add(
            .implied,
            "-s --silent -S --show-error -i --include -v --verbose -L --location -g --globoff -# --progress-bar "
                + "--path-as-is --basic --disable -q")
        add(
            .leftOut(takesValue: false),
            "-f --fail --fail-with-body -O --remote-name -J --remote-header-name -R --remote-time -N --no-buffer "
                + "--create-dirs --no-progress-meter --http1.1 --http2 --http2-prior-knowledge")
        add(
            .leftOut(takesValue: true),
            "-o --output --output-dir -w --write-out -D --dump-header --stderr --trace --trace-ascii --max-filesize "
                + "-m --max-time")
        add(.session(takesValue: false), "-k --insecure -4 --ipv4 -6 --ipv6")
        add(
            .session(takesValue: true),
            "-x --proxy --cacert -E --cert --key --resolve --connect-to --connect-timeout --interface -c --cookie-jar")
        return all
    }()
}
