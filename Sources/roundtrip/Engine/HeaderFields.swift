import ArgumentParser
import HTTPTypes

/// Fields as curl's options have them, `Name: value` each.
///
/// - Parameter option: Named where one is none.
func headerFields(_ headers: [String], option: String) throws -> HTTPFields {
    var fields = HTTPFields()
    for header in headers {
        guard let colon = header.firstIndex(of: ":"),
            let name = HTTPField.Name(String(header[..<colon]))
        else { throw ValidationError("\(option) takes \"Name: value\"; \"\(header)\" is not that.") }
        let value = header[header.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        guard HTTPField.isValidValue(String(value)) else {
            throw ValidationError("The value of \(name.rawName) holds characters that no header may have.")
        }
        fields.append(HTTPField(name: name, value: String(value)))
    }
    return fields
}
