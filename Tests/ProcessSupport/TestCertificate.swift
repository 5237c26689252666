/// A certificate for addresses of this machine or of a cluster, signed with its own key, so that it is its own
/// authority.
package struct TestCertificate: Sendable {
    /// The path of the certificate, in PEM form.
    package let file: String
    /// The path of its key, in PEM form.
    package let keyFile: String

    /// Makes a certificate, and writes it to `tls.crt` and its key to `tls.key`.
    /// - Parameters:
    ///   - addresses: IP addresses.
    ///   - folder: The folder of the two files, which must not exist yet.
    package init(for addresses: [String], in folder: String) throws {
        (file, keyFile) = (folder + "/tls.crt", folder + "/tls.key")
        let names = addresses.map { "IP:\($0)" }.joined(separator: ",")
        let errors = folder + "/openssl.txt"
        let process = try ChildProcess(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2", "-subj", "/CN=f2s-test", "-addext", "subjectAltName=\(names)", "-keyout", keyFile, "-out", file,
            ], errors: errors)
        defer { process.end() }
        guard try process.waitForEnd(within: .seconds(30)) == 0 else {
            throw ChildProcess.Failure(program: "openssl", reason: try Files.read(errors))
        }
    }
}
