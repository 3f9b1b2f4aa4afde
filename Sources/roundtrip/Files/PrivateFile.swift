import Exports
import Glibc

/// A file for another program to read or to change. It is in a folder of its own, into which nobody else may look, so that
/// what that program leaves beside it goes with it.
struct PrivateFile {
    let path: String
    private let folder: String

    /// - Parameter ending: Of its name, by which editors tell what it is. Never a server's word.
    init(_ bytes: [UInt8], ending: String) throws {
        let named = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        let parent = named.hasPrefix("/") ? named : "/tmp"
        var template = Array("\(parent)/roundtrip-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileProblem(call: "mkdtemp", path: parent, code: errno) }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = "\(folder)/body.\(ending)"
        do { try ExportFile.write(bytes, to: path, mayReplace: true) } catch {
            remove()
            throw error
        }
    }

    /// What is in it now.
    func read(limit: Int) throws -> [UInt8] { try readFile(path, limit: limit) }

    /// Takes it away, and with it what else is there: backups hold the same.
    func remove() {
        if let entries = opendir(folder) {
            while let entry = readdir(entries) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                unlink("\(folder)/\(name)")
            }
            closedir(entries)
        }
        rmdir(folder)
    }
}
