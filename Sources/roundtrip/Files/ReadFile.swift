import ArgumentParser
import CLinux
import Glibc

/// Why a file could not be read: the call, the file and the system's words.
struct FileProblem: Error, CustomStringConvertible {
    var call: String
    var path: String
    var code: Int32

    var description: String { "\(path): \(call) failed: \(String(cString: strerror(code)))" }
}

/// Reads a whole file; `-` is standard input.
///
/// - Parameter limit: The most bytes to read; a larger file is refused rather than cut.
func readFile(_ path: String, limit: Int) throws -> [UInt8] {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileProblem(call: "open", path: path, code: errno) }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { return bytes }
        if count < 0 {
            if errno == EINTR { continue }
            throw FileProblem(call: "read", path: path, code: errno)
        }
        guard bytes.count + count <= limit else { throw FileProblem(call: "read", path: path, code: EFBIG) }
        bytes += buffer[..<count]
    }
}

/// Reads a body that is to be sent, or ends the program with a sentence on why it can't be.
func readBodyFile(_ path: String) throws -> [UInt8] {
    do { return try readFile(path, limit: 1 << 30) } catch {
        printError("roundtrip: \(error)")
        throw ExitCode(ProgramExit.readError)
    }
}
