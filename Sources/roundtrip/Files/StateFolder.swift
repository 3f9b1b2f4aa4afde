import CLinux
import Glibc

/// Where things live that outlast a run: `$XDG_STATE_HOME/roundtrip` (XDG Base Directory Specification).
enum StateFolder {
    /// The folder; nil when there is no home to have one in.
    ///
    /// A relative value of the variable is invalid and ignored, as the specification demands.
    static var path: String? {
        if let state = variable("XDG_STATE_HOME"), state.hasPrefix("/") { return state + "/roundtrip" }
        return home.map { $0 + "/.local/state/roundtrip" }
    }

    /// The person's own folder, `HOME`; nil where that names none.
    static var home: String? { variable("HOME").flatMap { $0.hasPrefix("/") ? $0 : nil } }

    /// The path of a file in it; the folder is made when it is missing, for its owner only.
    ///
    /// - Returns: Nil when there is no such folder and none can be made: what would be kept is then not.
    static func file(_ name: String) -> String? {
        guard let path else { return nil }
        var built = ""
        for part in path.split(separator: "/") {
            built.append("/")
            built.append(contentsOf: part)
            guard mkdir(built, 0o700) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES else { return nil }
        }
        return access(path, W_OK) == 0 ? path + "/" + name : nil
    }

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
