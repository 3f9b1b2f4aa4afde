// Who is asked for a name: a hosts file and DNS servers by ourselves, or all of nsswitch.conf by the C library. Go's rule
// (net/conf.go): we do it ourselves unless the machine was told something that only the C library understands.

/// What this machine says about looking up names, as far as the choice needs it.
struct NamingFacts: Equatable, Sendable {
    /// The text of nsswitch.conf; nil where there is none.
    var nsswitch: String?
    /// From resolv.conf.
    var unknownOption: String?
    /// One of LOCALDOMAIN, RES_OPTIONS and HOSTALIASES, when it is set: they change what the C library does.
    var resolverVariable: String?
    /// As gethostname(2) says it.
    var hostName = ""
    /// Whether /etc/mdns.allow exists, which lists other endings for multicast DNS than `.local`.
    var hasMulticastList = false
}

/// Where a name is looked for.
enum NameSources: Equatable, Sendable {
    /// By ourselves, in this order.
    case ours([Ours])
    /// By getaddrinfo(3), since this clause is true.
    case system(because: String)

    enum Ours: Equatable, Sendable { case hostsFile, dns }

    static func forName(_ name: String, _ facts: NamingFacts) -> NameSources {
        if let variable = facts.resolverVariable { return .system(because: "\(variable) is set") }
        if let option = facts.unknownOption {
            return .system(because: "resolv.conf says \"\(printable(option))\"")
        }
        let name = (name.hasSuffix(".") ? String(name.dropLast()) : name).lowercased()
        // RFC 6762: multicast DNS, which the C library may speak.
        if name == "local" || name.hasSuffix(".local") { return .system(because: "it ends in .local") }
        guard let text = facts.nsswitch, let entries = hosts(in: text), !entries.isEmpty else {
            return .ours([.hostsFile, .dns])
        }
        var order: [Ours] = []
        for entry in entries {
            switch entry.service {
            case "files", "dns":
                guard entry.hasUsualActions else {
                    return .system(because: "nsswitch.conf has conditions for \(entry.service)")
                }
                let source: Ours = entry.service == "files" ? .hostsFile : .dns
                if !order.contains(source) { order.append(source) }
            case "myhostname":
                if isOwn(name, facts.hostName) { return .system(because: "nsswitch.conf says myhostname") }
            case let service where service.hasPrefix("mdns"):
                // Names in .local went away above; others only matter where the list says so.
                if facts.hasMulticastList { return .system(because: "there is an mdns.allow") }
            case let service: return .system(because: "nsswitch.conf says \(printable(service))")
            }
        }
        return order.isEmpty ? .ours([.hostsFile, .dns]) : .ours(order)
    }

    private static func isOwn(_ name: String, _ hostName: String) -> Bool {
        name == hostName.lowercased() || name == "localhost" || name.hasSuffix(".localhost")
            || name.hasSuffix(".localdomain") || name == "_gateway" || name == "_outbound"
    }

    private struct Entry {
        var service: String
        /// Whether what follows each result is what follows it without being said (nsswitch.conf(5)).
        var hasUsualActions = true
    }

    /// The line "hosts:"; nil where there is none.
    private static func hosts(in text: String) -> [Entry]? {
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.prefix { $0 != "#" }
            guard let colon = line.firstIndex(of: ":"),
                line[..<colon].filter({ $0 != " " && $0 != "\t" }) == "hosts"
            else { continue }
            var entries: [Entry] = []
            var rest = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            while let first = rest.first {
                if first == "[" {
                    let criteria = rest.prefix { $0 != "]" }
                    rest = rest.dropFirst(criteria.count + 1)
                    if !entries.isEmpty, !isUsual(criteria.dropFirst()) {
                        entries[entries.count - 1].hasUsualActions = false
                    }
                } else {
                    let service = rest.prefix { $0 != " " && $0 != "\t" && $0 != "[" }
                    rest = rest.dropFirst(service.count)
                    entries.append(Entry(service: service.lowercased()))
                }
                rest = rest.drop { $0 == " " || $0 == "\t" }
            }
            return entries
        }
        return nil
    }

    /// Whether every condition says what is done anyway: return on success, else continue.
    private static func isUsual(_ criteria: Substring) -> Bool {
        criteria.lowercased().split { $0 == " " || $0 == "\t" }.allSatisfy {
            ["success=return", "notfound=continue", "unavail=continue", "tryagain=continue"].contains($0)
        }
    }

    // A word of a file that a person wrote, on its way to a screen.
    private static func printable(_ word: String) -> String {
        String(word.unicodeScalars.prefix(40).map { ("!"..."~").contains($0) ? Character($0) : "?" })
    }
}
