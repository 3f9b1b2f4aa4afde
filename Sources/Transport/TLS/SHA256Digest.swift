internal import COpenSSL

/// SHA-256, computed as the bytes come. May be used on any thread, by one at a time.
public struct SHA256Digest: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    // Fetched once: looking for it takes locks and as long as digesting a small body.
    private static nonisolated(unsafe) let algorithm: OpaquePointer? = {
        precondition(OpenSSLLibrary.isSetUp)
        return EVP_MD_fetch(nil, "SHA256", nil)
    }()

    public init() {
        context = EVP_MD_CTX_new()
        EVP_DigestInit_ex(context, Self.algorithm, nil)
    }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// The 32 bytes of everything since the beginning, or since the last `finish`: it starts anew.
    public mutating func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        EVP_DigestFinal_ex(context, &digest, nil)
        EVP_DigestInit_ex(context, nil, nil)
        return digest
    }
}
