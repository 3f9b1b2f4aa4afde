import Glibc

/// What the kernel counts as ours.
public enum Resident {
    /// Bytes, now.
    public static var now: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let fields = text.split(separator: " ")
        return (Int(fields[1]) ?? 0) * Int(getpagesize())
    }
}
