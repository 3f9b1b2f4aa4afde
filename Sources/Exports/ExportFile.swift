internal import Glibc

// A file is there whole or not at all: it is written under another name in the same folder, brought to disk, then
// renamed. A full disk or a kill in between leaves the old file as it was. What is no file (a terminal, a pipe,
// /dev/null) is written to as it is: renaming over it would destroy it.

/// A file being written. Dropped without `commit()`, it leaves nothing behind.
public final class ExportFile {
    /// Why a file could not be written: which call failed on which file.
    public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// The system call: `open`, `write`, `fsync`, `rename`.
        public var call: String
        public var path: String
        /// As in errno(3).
        public var code: Int32

        public init(call: String, path: String, code: Int32) {
            self.call = call
            self.path = path
            self.code = code
        }

        /// *"write session.har: No space left on device"*
        public var description: String {
            guard code != EISDIR else { return "\(path) is a folder; give the name of a file in it." }
            return "\(call) \(path): \(String(cString: strerror(code)))"
        }
    }

    private let path: String
    /// Nil where the bytes go straight to `path`.
    private let temporaryPath: String?
    private let mayReplace: Bool
    private var descriptor: Int32
    /// link(2), and why it failed; 0 when it did not. A test's own where the file system is to know no such thing.
    var makeLink: (_ old: String, _ new: String) -> Int32 = { link($0, $1) == 0 ? 0 : errno }

    /// Starts the file. Readable for its owner alone, since a session holds what was sent and received.
    ///
    /// - Parameters:
    ///   - path: As the person gave it; a name made by a server goes through `fileName(suggestedBy:)` first.
    ///   - mayReplace: Whether an existing file is replaced at the end. A symbolic link itself is, not what it names.
    public init(path: String, mayReplace: Bool) throws(Problem) {
        self.path = path
        self.mayReplace = mayReplace
        var status = stat()
        let kind = stat(path, &status) == 0 ? status.st_mode & S_IFMT : S_IFREG
        // Nobody can agree to replace it: said before anything is asked or written.
        guard kind != S_IFDIR else { throw Problem(call: "open", path: path, code: EISDIR) }
        if kind != S_IFREG {
            temporaryPath = nil
            descriptor = open(path, O_WRONLY | O_CLOEXEC)
            if descriptor < 0 { throw Problem(call: "open", path: path, code: errno) }
            return
        }
        let nameStart = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        guard nameStart < path.endIndex else { throw Problem(call: "open", path: path, code: EISDIR) }
        // A long name has no room for more: names end at 255 bytes.
        let name = String(decoding: path[nameStart...].utf8.prefix(200), as: UTF8.self)
        let unique = String(UInt64.random(in: .min ... .max), radix: 36)
        let temporaryPath = "\(path[..<nameStart]).\(name).\(unique).tmp"
        self.temporaryPath = temporaryPath
        descriptor = -1
        if !mayReplace, access(path, F_OK) == 0 { throw Problem(call: "open", path: path, code: EEXIST) }
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor < 0 { throw Problem(call: "open", path: path, code: errno) }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        if let temporaryPath { unlink(temporaryPath) }
    }

    /// Adds bytes at the end.
    public func write(_ bytes: [UInt8]) throws(Problem) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                throw Problem(call: "write", path: path, code: errno)
            }
        }
    }

    /// Puts the file in its place. After a throw there is no new file, and an old one is as it was.
    public func commit() throws(Problem) {
        guard let temporaryPath else { return try closeFinished() }
        guard fsync(descriptor) == 0 else { throw Problem(call: "fsync", path: path, code: errno) }
        if mayReplace {
            guard rename(temporaryPath, path) == 0 else { throw Problem(call: "rename", path: path, code: errno) }
        } else {
            try putWithoutReplacing(temporaryPath)
        }
        try closeFinished()
        syncFolder()
    }

    // Unlike rename, link never replaces what somebody else put there meanwhile.
    private func putWithoutReplacing(_ temporaryPath: String) throws(Problem) {
        switch makeLink(temporaryPath, path) {
        case 0: unlink(temporaryPath)
        // FAT, exFAT and what is mounted through FUSE may have no links (link(2)). There the name is taken first, by an empty
        // file that nobody else can have made.
        case EPERM, EOPNOTSUPP, ENOSYS:
            let place = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard place >= 0 else { throw Problem(call: "open", path: path, code: errno) }
            close(place)
            guard rename(temporaryPath, path) == 0 else {
                let code = errno
                unlink(path)
                throw Problem(call: "rename", path: path, code: code)
            }
        case let code: throw Problem(call: "link", path: path, code: code)
        }
    }

    private func closeFinished() throws(Problem) {
        let finished = descriptor
        descriptor = -1
        // Network file systems report a failed write only here.
        guard close(finished) == 0 else { throw Problem(call: "close", path: path, code: errno) }
    }

    // The name itself is on disk only once the folder is. Some file systems can't do that, and the file is good anyway.
    private func syncFolder() {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Finds out whether a file can be made at `path`, as far as that shows beforehand: for whoever writes it only after long
    /// work. Nothing is there afterwards that was not there before.
    public static func check(_ path: String) throws(Problem) {
        var status = stat()
        let kind = stat(path, &status) == 0 ? status.st_mode & S_IFMT : S_IFREG
        // A pipe that is opened and closed has told its reader that this was all.
        guard kind == S_IFREG || kind == S_IFDIR else { return }
        _ = try ExportFile(path: path, mayReplace: true)
    }

    /// Writes a whole file.
    public static func write(_ bytes: [UInt8], to path: String, mayReplace: Bool) throws(Problem) {
        let file = try ExportFile(path: path, mayReplace: mayReplace)
        try file.write(bytes)
        try file.commit()
    }

    /// A harmless file name from what a server calls its thing: the last part of a path, letters, digits and `-_.`
    /// only, never hidden, never empty, at most 100 bytes. It never leaves the folder it is put in.
    public static func fileName(suggestedBy text: String) -> String {
        let last = text.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? ""
        var name = ""
        for scalar in last.unicodeScalars.prefix(100) {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_": name.unicodeScalars.append(scalar)
            // Two dots, or one in front, mean something to a file system.
            case "." where !name.isEmpty && !name.hasSuffix("."): name.append(".")
            default: if !name.hasSuffix("_") { name.append("_") }
            }
        }
        // Nor does a name begin with what commands take for an option, or what hides it.
        while let first = name.first, "-_.".contains(first) { name.removeFirst() }
        while name.hasSuffix(".") { name.removeLast() }
        return name.isEmpty ? "body" : name
    }
}
