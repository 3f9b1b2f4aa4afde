internal import Glibc

extension [UInt8] {
    /// What `==` says, not byte by byte: heads and bodies that are nearly the same are told apart by their last bytes.
    package func isSame(as other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        return withUnsafeBytes { mine in
            other.withUnsafeBytes { others in
                guard let mine = mine.baseAddress, let start = others.baseAddress else { return true }
                return mine == start || memcmp(mine, start, others.count) == 0
            }
        }
    }
}
