import F2SModel
import FoundationEssentials
import Logging
import ServiceLifecycle
import Testing

@testable import F2SConfig

/// Tests the certificate of the listeners (`f2s.tls`).
@Suite struct SettingsTLSTests {
    /// Accepts a certificate whose chain and key are the same text.
    private let reader = SettingsReader { certificate throws(TLSCertificateError) in
        if certificate.chain.isEmpty { throw TLSCertificateError(.chain, "must hold a certificate") }
        if certificate.chain != certificate.key.revealed { throw TLSCertificateError(.key, "must be of it") }
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "f2s-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private func message(_ text: String) -> String? {
        do {
            _ = try reader.read(Array(text.utf8))
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `without files no listener speaks TLS`() throws {
        let settings = try reader.read(nil)
        #expect(settings.tls.certificate == nil)
        #expect(TLSSettings.Listener.allCases.allSatisfy { settings.tls.origin(of: $0, at: "a:1") == "http://a:1" })
    }

    @Test func `the files are read, and the listeners can be chosen`() throws {
        try withFolder { folder in
            try write("pem", to: folder + "/crt")
            let files = ["F2S_TLS_CERTIFICATE_FILE": folder + "/crt", "F2S_TLS_KEY_FILE": folder + "/crt"]
            let all = try reader.read(nil, environment: files)
            #expect(all.tls.certificate == TLSCertificate(chain: "pem", key: Secret("pem")))
            #expect(TLSSettings.Listener.allCases.allSatisfy { all.tls.origin(of: $0, at: "a:1") == "https://a:1" })
            let some = try reader.read(Array("f2s: {tls: {listeners: [public]}}".utf8), environment: files)
            #expect(TLSSettings.Listener.allCases.filter(some.tls.secures) == [.public])
            let other = try reader.read(
                nil, environment: files.merging(["F2S_TLS_LISTENERS": "console, management"]) { $1 })
            #expect(TLSSettings.Listener.allCases.filter(other.tls.secures) == [.management, .console])
            #expect(!all.json.contains("pem"))
        }
    }

    @Test func `the error names the key and the file`() throws {
        try withFolder { folder in
            try write("a", to: folder + "/a")
            try write("b", to: folder + "/b")
            try write("", to: folder + "/empty")
            let cases = [
                ("certificate_file: \(folder)/a", "must both be set"), ("key_file: \(folder)/a", "must both be set"),
                (
                    "certificate_file: \(folder)/none, key_file: \(folder)/a",
                    "f2s.tls.certificate_file (\(folder)/none) must be a file that F2S can read: No such file"
                ),
                (
                    "certificate_file: \(folder)/a, key_file: \(folder)",
                    "f2s.tls.key_file (\(folder)) must be a file that F2S can read: Is a directory"
                ),
                (
                    "certificate_file: \(folder)/empty, key_file: \(folder)/a",
                    "f2s.tls.certificate_file (\(folder)/empty) must hold a certificate."
                ),
                (
                    "certificate_file: \(folder)/a, key_file: \(folder)/b",
                    "f2s.tls.key_file (\(folder)/b) must be of it."
                ),
                ("certificate_file: a, key_file: \(folder)/a", "the path of a file, from the root folder on"),
                ("listeners: [internal]", "must be one of: public, management, console"),
            ]
            for (text, expected) in cases {
                let message = message("f2s: {tls: {\(text)}}")
                #expect(message?.contains(expected) == true, "\(text): \(message ?? "no error")")
            }
        }
    }

    @Test func `changed files are put into force, and the last good ones stay until both fit`() throws {
        try withFolder { folder in
            for name in ["crt", "key"] { try write("one", to: "\(folder)/\(name)") }
            let path = folder + "/config.yaml"
            try write("f2s: {tls: {certificate_file: \(folder)/crt, key_file: \(folder)/key}}", to: path)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let file = try SettingsFile(path: path, environment: [:], reader: reader, logger: logger)
            #expect(file.latest.current.tls.certificate?.chain == "one")
            try write("two!", to: folder + "/crt")
            file.reloadIfChanged()
            #expect(file.latest.current.tls.certificate?.chain == "one")
            #expect(file.currentRejection?.contains("f2s.tls.key_file") == true)
            try write("two!", to: folder + "/key")
            file.reloadIfChanged()
            #expect(file.latest.current.tls.certificate?.chain == "two!")
            #expect(file.currentRejection == nil)
        }
    }
}
