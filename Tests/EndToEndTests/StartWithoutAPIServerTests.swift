import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The start of F2S on Kubernetes while the API server cannot be reached.
    @Suite struct StartsWithoutAPIServer {
        /// A local port that refuses connections, or accepts them and never responds.
        private struct Port {
            let number: Int
            private let socket: Int32

            init(isSilent: Bool) throws {
                let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                self.socket = socket
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                let result = withUnsafeMutablePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                        bind(socket, pointer, length) == 0 && getsockname(socket, pointer, &length) == 0
                    }
                }
                try #require(result)
                number = Int(UInt16(bigEndian: address.sin_port))
                if isSilent { try #require(listen(socket, 8) == 0) }
            }

            func end() { close(socket) }
        }

        @Test(arguments: [false, true])
        func `SIGTERM ends f2s at once without an API server`(isSilent: Bool) async throws {
            let port = try Port(isSilent: isSilent)
            defer { port.end() }
            let home = try TemporaryFolder()
            defer { home.remove() }
            let kubeconfig = """
                {"apiVersion": "v1", "kind": "Config", "current-context": "c",
                 "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
                 "clusters": [{"name": "k", "cluster": {"server": "http://127.0.0.1:\(port.number)"}}],
                 "users": [{"name": "u", "user": {"token": "t"}}]}
                """
            try Files.write(kubeconfig, to: home.path + "/kubeconfig")
            let errors = home.path + "/errors"
            let process = try ChildProcess(
                [
                    try Workshop.current.f2s, "serve", "--platform", "kubernetes", "--listen", "127.0.0.1:0",
                    "--console", "none", "--operations", "127.0.0.1:0", "--internal", "127.0.0.1:0", "--kubeconfig",
                    home.path + "/kubeconfig",
                ], environment: ["PATH=/usr/bin:/bin", "TMPDIR=\(home.path)"], errors: errors)
            defer { process.end() }
            if !isSilent {
                try eventually("it logs why it waits") { try Files.read(errors).contains("cannot be read yet") }
            } else {
                // Before the signal is handled, it would end the process with another status. The creation of a thread
                // blocks signals for a moment, so the check must succeed several times in a row.
                var attempts = 0
                try eventually("signals are handled") {
                    attempts = try handlesTermination(process.id) ? attempts + 1 : 0
                    return attempts == 20
                }
            }
            let begun = ContinuousClock.now
            process.send(signal: SIGTERM)
            let status = try process.waitForEnd(within: .seconds(5 * EndToEndSerial.timeout))
            let log = try Files.read(errors)
            #expect(status == 0, "\(log)")
            print("SIGTERM at the start, without an API server: ended after \(ContinuousClock.now - begun)")
            #expect(ContinuousClock.now - begun < .seconds(5), "1 s")
        }

        /// Returns true if the process handles SIGTERM: it is caught, or blocked for a signalfd.
        private func handlesTermination(_ id: pid_t) throws -> Bool {
            let bit: UInt64 = 1 << UInt64(SIGTERM - 1)
            return try Files.read("/proc/\(id)/status").split(separator: "\n").contains { line in
                guard line.hasPrefix("SigCgt:") || line.hasPrefix("SigBlk:"),
                    let mask = line.split(separator: "\t").last.flatMap({ UInt64($0, radix: 16) })
                else { return false }
                return mask & bit != 0
            }
        }
    }
}
