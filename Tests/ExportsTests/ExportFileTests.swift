import Foundation
import Testing

@testable import Exports

@Suite("Export file")
final class ExportFileTests {
    private let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private var path: String { folder + "/session.har" }
    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder) }

    @Test func `a file appears whole, for its owner alone, and alone`() throws {
        let file = try ExportFile(path: path, mayReplace: false)
        try file.write([1, 2])
        try file.write([])
        #expect(!FileManager.default.fileExists(atPath: path))
        try file.write([3])
        try file.commit()
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [1, 2, 3])
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try names() == ["session.har"])
    }

    @Test func `given up, it leaves nothing and the old file as it was`() throws {
        try ExportFile.write([1], to: path, mayReplace: false)
        do {
            let file = try ExportFile(path: path, mayReplace: true)
            try file.write([2])
        }
        #expect(try names() == ["session.har"])
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [1])
        try ExportFile.write([3], to: path, mayReplace: true)
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [3])
    }

    @Test func `an existing file is not replaced unasked, also when it appears meanwhile`() throws {
        let file = try ExportFile(path: path, mayReplace: false)
        try Data([9]).write(to: URL(fileURLWithPath: path))
        #expect(throws: ExportFile.Problem(call: "link", path: path, code: EEXIST)) { try file.commit() }
        #expect(throws: ExportFile.Problem(call: "open", path: path, code: EEXIST)) {
            _ = try ExportFile(path: path, mayReplace: false)
        }
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [9])
    }

    @Test(arguments: [EPERM, EOPNOTSUPP, ENOSYS])
    func `where a file system has no links, a new file is put in its place as well`(code: Int32) throws {
        let file = try ExportFile(path: path, mayReplace: false)
        file.makeLink = { _, _ in code }
        try file.write([1, 2])
        try file.commit()
        #expect(try names() == ["session.har"])
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [1, 2])

        try FileManager.default.removeItem(atPath: path)
        let late = try ExportFile(path: path, mayReplace: false)
        late.makeLink = { _, _ in code }
        try Data([9]).write(to: URL(fileURLWithPath: path))
        #expect(throws: ExportFile.Problem(call: "open", path: path, code: EEXIST)) { try late.commit() }
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [9])
    }

    @Test func `a symbolic link is replaced, and what it names is left alone`() throws {
        try Data([7]).write(to: URL(fileURLWithPath: folder + "/other"))
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder + "/other")
        try ExportFile.write([1], to: path, mayReplace: true)
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: folder + "/other"))) == [7])
    }

    @Test(arguments: [false, true])
    func `a folder is refused at once, whether or not a file may be replaced`(mayReplace: Bool) throws {
        let problem = ExportFile.Problem(call: "open", path: folder, code: EISDIR)
        #expect(throws: problem) { _ = try ExportFile(path: folder, mayReplace: mayReplace) }
        #expect(problem.description == "\(folder) is a folder; give the name of a file in it.")
        #expect(try names() == [])
    }

    @Test func `a place is checked before the work, and stays as it is`() throws {
        try ExportFile.check(path)
        #expect(try names() == [])
        try ExportFile.write([1], to: path, mayReplace: true)
        try ExportFile.check(path)
        try ExportFile.check("/dev/null")
        #expect(try names() == ["session.har"])
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [1])
        #expect(throws: ExportFile.Problem(call: "open", path: folder, code: EISDIR)) {
            try ExportFile.check(folder)
        }
        #expect(throws: ExportFile.Problem(call: "open", path: "/nonexistent/x", code: ENOENT)) {
            try ExportFile.check("/nonexistent/x")
        }
    }

    @Test func `problems name the call and the file`() {
        #expect(throws: ExportFile.Problem(call: "open", path: "/nonexistent/x", code: ENOENT)) {
            try ExportFile.write([], to: "/nonexistent/x", mayReplace: true)
        }
        #expect(throws: ExportFile.Problem(call: "open", path: folder + "/", code: EISDIR)) {
            try ExportFile.write([], to: folder + "/", mayReplace: true)
        }
        #expect(
            ExportFile.Problem(call: "write", path: "a.har", code: ENOSPC).description
                == "write a.har: No space left on device")
    }

    @Test(
        "a name from a server never leaves the folder",
        arguments: [
            ("photo.jpg", "photo.jpg"), ("../../etc/passwd", "passwd"), ("..", "body"), ("", "body"), ("/", "body"),
            (".bashrc", "bashrc"), ("-rf", "rf"), ("a b\u{202E}c", "a_b_c"), ("C:\\x\\y.txt", "y.txt"),
            ("a..b", "a._b"),
            ("x\0y", "x_y"), ("üü.txt", "txt"), ("...", "body"),
        ])
    func serverNames(_ suggested: String, _ name: String) {
        #expect(ExportFile.fileName(suggestedBy: suggested) == name)
    }

    @Test func `a long name is cut`() {
        #expect(ExportFile.fileName(suggestedBy: String(repeating: "a", count: 1_000)).count == 100)
    }
}
