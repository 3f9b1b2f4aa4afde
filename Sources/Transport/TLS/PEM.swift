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

/// The private key in a PEM text; the caller frees it. Encrypted keys are refused: there is nobody to ask for a password.
func readPrivateKey(_ pem: [UInt8]) throws(TLSError) -> OpaquePointer {
    let bio = BIO_new_mem_buf(pem, Int32(pem.count))
    defer { BIO_free(bio) }
    // Without a callback OpenSSL would ask on the terminal.
    guard let key = PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil) else {
        throw .unusable(whileDoing: "reading a private key")
    }
    return key
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
