import ArgumentParser
import HTTPClient
import HTTPTrace
import HTTPTypes
import Sessions
import Transport

/// What a request is and how it is sent, in curl's words. Shared by every subcommand that sends.
struct ClientOptions: ParsableArguments {
    @Option(
        name: [.customShort("X"), .customLong("request")], help: "Method to use; POST when there is data, else GET.")
    var method: String?

    @Option(
        name: [.customShort("H"), .customLong("header")], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Field to send; may be repeated.", valueName: "name: value"))
    var headers: [String] = []

    @Option(
        name: [.customShort("d"), .customLong("data")], parsing: .unconditional,
        help: ArgumentHelp("Body to send; @FILE reads it from a file, @- from stdin.", valueName: "data"))
    var data: String?

    @Flag(name: [.customShort("k"), .long], help: "Accept any certificate. Shown wherever it mattered.")
    var insecure = false

    @Option(help: ArgumentHelp("Trust the certificates in this PEM file instead of the system's.", valueName: "file"))
    var cacert: String?

    @Flag(exclusivity: .chooseLast)
    var version: VersionOption = .http2

    @Option(help: ArgumentHelp("Longest time for a whole request.", valueName: "seconds"))
    var maxTime: Double?

    @Option(help: ArgumentHelp("Longest time for lookup and connect together.", valueName: "seconds"))
    var connectTimeout: Double?

    @OptionGroup var dialing: DialingOptions

    func validate() throws {
        for (name, seconds) in [("--max-time", maxTime), ("--connect-timeout", connectTimeout)] {
            guard let seconds else { continue }
            guard seconds > 0, seconds <= 86_400 else {
                throw ValidationError("\(name) takes seconds, more than 0 and at most 86400; \(seconds) is not that.")
            }
        }
        _ = try fields()
        if let method, HTTPRequest.Method(method) == nil { throw ValidationError("\(method) is no HTTP method.") }
    }

    /// The request these options make of `url`.
    func draft(for url: RequestURL, body: [UInt8]) throws -> RequestDraft {
        let named = method.flatMap { HTTPRequest.Method($0) }
        var fields = try fields()
        if data != nil, fields[.contentType] == nil { fields[.contentType] = "application/x-www-form-urlencoded" }
        return RequestDraft(method: named ?? (data == nil ? .get : .post), url: url, fields: fields, body: body)
    }

    /// The body `--data` names; read once, however many requests send it.
    func body() throws -> [UInt8] {
        guard let data else { return [] }
        guard data.hasPrefix("@") else { return Array(data.utf8) }
        return try readFile(String(data.dropFirst()), limit: 1 << 30)
    }

    func configuration(trusting extraRoots: [UInt8]?) throws -> ClientConfiguration {
        var trust = TLSContext.ClientConfiguration()
        trust.verify = !insecure
        trust.caFile = cacert
        trust.extraRoots = extraRoots ?? []
        var configuration: ClientConfiguration
        do throws(TLSError) {
            configuration = try ClientConfiguration(tls: try TLSContext(client: trust))
        } catch {
            printError("roundtrip: \(error)")
            throw ExitCode(ProgramExit.trust)
        }
        try dialing.apply(to: &configuration)
        configuration.versions = version.versions
        if let connectTimeout { configuration.connectTimeout = .seconds(connectTimeout) }
        if let maxTime { configuration.requestTimeout = .seconds(maxTime) }
        return configuration
    }

    private func fields() throws -> HTTPFields {
        var fields = HTTPFields()
        for header in headers {
            guard let colon = header.firstIndex(of: ":"),
                let name = HTTPField.Name(String(header[..<colon]))
            else { throw ValidationError("-H takes \"Name: value\"; \"\(header)\" is not that.") }
            let value = header[header.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            guard HTTPField.isValidValue(String(value)) else {
                throw ValidationError("The value of \(name.rawName) holds characters that no header may have.")
            }
            fields.append(HTTPField(name: name, value: String(value)))
        }
        return fields
    }
}
