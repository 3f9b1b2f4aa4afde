extension UnsafeMutablePointer<UInt8> {
    /// Moves to where there is room for so many bytes more: twice as much as before, at least.
    ///
    /// - Parameters:
    ///   - capacity: How much room there is.
    ///   - count: How many bytes are there.
    mutating func grow(_ capacity: inout Int, holding count: Int, by more: Int) {
        capacity = Swift.max(2 * capacity, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: self, count: count)
        deallocate()
        self = larger
    }
}
