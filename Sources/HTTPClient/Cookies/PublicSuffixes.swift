internal import HTTPTrace

// Domains below which anybody gets a name: `com`, `co.uk`, `github.io`. A cookie for one of them would reach strangers.
// The list changes every week and is not ours: the system's is read where there is one (Debian's `publicsuffix`). Without
// it nothing tells `co.uk` from `example.uk`, so no cookie is shared between hosts then: each is kept for its host alone.

/// The Public Suffix List (publicsuffix.org).
public struct PublicSuffixes: Sendable, Equatable {
    /// `com`, `*.ck`, `!www.ck`.
    private let rules: Set<String>

    /// Where Debian's package puts it.
    public static let systemPath = "/usr/share/publicsuffix/public_suffix_list.dat"

    /// Knows nothing.
    public static let none = PublicSuffixes(rules: [])

    /// As large as ten of today's.
    public static let sizeLimit = 4 << 20

    /// Reads the list's text, which may take milliseconds. What is no rule is skipped.
    public init(_ text: some Collection<UInt8>) {
        var rules: Set<String> = []
        for line in text.prefix(PublicSuffixes.sizeLimit).split(separator: UInt8(ascii: "\n")) {
            // A rule ends at the first blank; names outside ASCII stand in their own script, and hosts in xn-- form.
            let rule = line.prefix { $0 > 0x20 }
            guard !rule.isEmpty, !rule.starts(with: "//".utf8) else { continue }
            let text = String(decoding: rule, as: UTF8.self)
            let name = rule.allSatisfy { $0 < 0x80 } ? text.lowercased() : InternationalName.ascii(text)
            if let name { rules.insert(name) }
        }
        self.rules = rules
    }

    private init(rules: Set<String>) { self.rules = rules }

    public var isEmpty: Bool { rules.isEmpty }

    /// Whether anybody gets names below `domain`. A name the list doesn't know is a suffix by its last label alone.
    func contains(_ domain: String) -> Bool { suffix(of: domain) == domain }

    /// The suffix of a host and one label: what one owner has. Nil for a suffix itself, an address, and without a list.
    func registrableDomain(of host: String) -> String? {
        guard !isEmpty, !host.isAddress else { return nil }
        let suffix = suffix(of: host)
        guard suffix != host else { return nil }
        let label = host.dropLast(suffix.count + 1).split(separator: ".").last ?? ""
        return "\(label).\(suffix)"
    }

    // The longest rule wins, an exception (`!`) over all (publicsuffix.org/list).
    private func suffix(of host: String) -> String {
        let labels = host.split(separator: ".")
        for start in labels.indices {
            let name = labels[start...].joined(separator: ".")
            let parent = labels[(start + 1)...].joined(separator: ".")
            if rules.contains("!\(name)") { return parent }
            if rules.contains(name) || (!parent.isEmpty && rules.contains("*.\(parent)")) { return name }
        }
        return labels.last.map(String.init) ?? host
    }
}
