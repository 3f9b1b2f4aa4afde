import ArgumentParser
import HTTPTypes
import Inspector

/// Fields as curl's options have them, `Name: value` each.
///
/// - Parameter option: Named where one is none.
func headerFields(_ headers: [String], option: String) throws -> TypedFields {
    var fields = TypedFields()
    for header in headers {
        do throws(TypedFields.Problem) { try fields.take(header) } catch {
            switch error {
            case .noField: throw ValidationError("\(option) takes \"Name: value\"; \"\(header)\" is not that.")
            case .badValue(let name):
                throw ValidationError("The value of \(name.rawName) holds characters that no header may have.")
            }
        }
    }
    return fields
}
