extension UnsafeBufferPointer {
    /// Where each element stands. What is looked at there is not copied, as an element that is taken out of an array is.
    @inline(__always)
    var pointers: some Sequence<UnsafePointer<Element>> { (0..<count).lazy.map { baseAddress! + $0 } }
}

extension UnsafePointer {
    /// Lends what stands here to a function. Its `pointee`, handed to one, is a copy of it.
    @inline(__always)
    func lend<Result, Trouble: Error>(
        to look: (borrowing Pointee) throws(Trouble) -> Result
    ) throws(Trouble) -> Result {
        // For writing, which nobody does: only what is nobody else's is handed on without being copied.
        try Self.lend(&UnsafeMutablePointer(mutating: self).pointee, to: look)
    }

    @inline(__always)
    private static func lend<Result, Trouble: Error>(
        _ pointee: inout Pointee, to look: (borrowing Pointee) throws(Trouble) -> Result
    ) throws(Trouble) -> Result {
        try look(pointee)
    }
}
