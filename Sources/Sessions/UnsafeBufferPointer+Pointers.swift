extension UnsafeBufferPointer {
    /// Where each element stands. What is looked at there is not copied, as an element that is taken out of an array is.
    @inline(__always)
    var pointers: some Sequence<UnsafePointer<Element>> { (0..<count).lazy.map { baseAddress! + $0 } }
}
