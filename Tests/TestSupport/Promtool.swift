import Glibc
import Testing

/// The checker of Prometheus.
package enum Promtool {
    private struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a command of promtool, for example `check metrics <`, on a file with this text.
    package static func run(_ command: String, on text: String) throws -> (status: Int32, output: String) {
        var path = Array("/tmp/f2s-promtool-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        try #require(descriptor >= 0)
        let name = String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unlink(name) }
        let bytes = Array(text.utf8)
        let written = write(descriptor, bytes, bytes.count)
        close(descriptor)
        try #require(written == bytes.count)
        let pipe = try #require(popen("promtool \(command) \(name) 2>&1", "r"))
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { output += chunk[..<count] }
        let status = (pclose(pipe) >> 8) & 0xFF
        if status == 127 {
            throw Missing(description: "promtool is missing: install the Debian package prometheus, as make test does")
        }
        return (status, String(decoding: output, as: UTF8.self))
    }
}
