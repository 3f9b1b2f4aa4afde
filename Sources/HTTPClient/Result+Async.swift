extension Result {
    /// What `work` returns or throws. For crossing functions that lose the type of what is thrown, like
    /// `withTaskCancellationHandler`.
    static func of(_ work: () async throws(Failure) -> Success) async -> Result {
        do throws(Failure) { return .success(try await work()) } catch { return .failure(error) }
    }
}
