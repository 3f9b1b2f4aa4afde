internal import COpenSSL

/// Every certificate in a PEM text, in order; the caller frees them.
///
/// - Throws: `.unusable` when one of them is broken. No certificate at all is an empty array.
func readCertificates(_ pem: [UInt8]) throws(TLSError) -> [OpaquePointer] {
    guard let bio = BIO_new_mem_buf(pem, Int32(pem.count)) else { return [] }
    defer { BIO_free(bio) }
    var certificates: [OpaquePointer] = []
    while let certificate = PEM_read_bio_X509(bio, nil, nil, nil) { certificates.append(certificate) }
    // "no start line" is how it says that there are no more.
    let code = ERR_peek_last_error()
    guard pem.isEmpty || ERR_GET_REASON(code) == PEM_R_NO_START_LINE else {
        for certificate in certificates { X509_free(certificate) }
        throw .unusable(whileDoing: "reading a certificate")
    }
    ERR_clear_error()
    return certificates
}

/// The private key in a PEM text; the caller frees it.
///
/// - Parameter password: For an encrypted key. Nobody is asked for one.
func readPrivateKey(_ pem: [UInt8], password: String? = nil) throws(TLSError) -> OpaquePointer {
    let bio = BIO_new_mem_buf(pem, Int32(pem.count))
    defer { BIO_free(bio) }
    // Without a callback, and without a password to copy, OpenSSL would ask on the terminal.
    let key =
        if let password {
            password.withCString { PEM_read_bio_PrivateKey(bio, nil, nil, UnsafeMutableRawPointer(mutating: $0)) }
        } else {
            PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
        }
    if let key { return key }
    let text = String(decoding: pem, as: UTF8.self)
    guard text.contains("PRIVATE KEY-----") else {
        ERR_clear_error()
        throw .unusable("there is no private key in the PEM")
    }
    guard text.contains("ENCRYPTED") else { throw .unusable(whileDoing: "reading a private key") }
    ERR_clear_error()
    throw .unusable(
        password == nil
            ? "the private key is encrypted and there is no password for it"
            : "the password does not open the private key")
}

/// What `write` puts into a memory BIO.
func bytesWritten(by write: (OpaquePointer) -> Void) -> [UInt8] {
    let bio = BIO_new(BIO_s_mem())!
    defer { BIO_free(bio) }
    write(bio)
    var data: UnsafeMutablePointer<CChar>?
    let count = shim_BIO_get_mem_data(bio, &data)
    return Array(UnsafeRawBufferPointer(start: data, count: count))
}
