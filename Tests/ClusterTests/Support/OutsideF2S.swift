import Glibc
import ProcessSupport

/// A process of F2S that runs outside of the cluster as its leader, with an API server of the test's choice.
struct OutsideF2S: Sendable {
    let port: Int
    private let process: ChildProcess
    private let log: String

    init(apiPort: Int, in folder: String) throws {
        let kubeconfig = folder + "/outside.yaml"
        try Files.write(
            """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "http://127.0.0.1:\(apiPort)"}}]
            users: [{name: u, user: {}}]
            contexts: [{name: c, context: {cluster: c, user: u}}]
            current-context: c
            """, to: kubeconfig)
        let temporary = folder + "/outside"
        try Files.makeFolder(temporary)
        let output = folder + "/outside.out"
        log = folder + "/outside.log"
        let binary = ClusterEnvironment.binary
        process = try ChildProcess(
            [
                binary, "serve", "--platform=kubernetes", "--kubeconfig=\(kubeconfig)", "--namespace=f2s",
                "--listen=127.0.0.1:0", "--console=none", "--operations=127.0.0.1:0", "--internal=127.0.0.1:0",
            ],
            environment: ["HOME=\(folder)", "TMPDIR=\(temporary)", "POD_NAME=outside", "POD_NAMESPACE=f2s"],
            output: output, errors: log)
        let process = process
        let errors = log
        do {
            port = try eventually("f2s serves", within: .seconds(30)) {
                if let status = try process.endIfOver() {
                    let reason = "ended with exit status \(status): \(try Files.read(errors).suffix(2000))"
                    throw ChildProcess.Failure(program: "f2s serve", reason: reason)
                }
                let text = try Files.read(output)
                guard let begin = text.firstRange(of: "F2S serves http://127.0.0.1:")?.upperBound else { return nil }
                let digits = text[begin...].prefix { $0.isNumber }
                return digits.endIndex < text.endIndex ? Int(digits) : nil
            }
        } catch {
            process.end()
            throw error
        }
    }

    /// The end of its log.
    var logTail: String { String(((try? Files.read(log)) ?? "").suffix(8192)) }

    func get(_ target: String) throws -> HTTPAnswer {
        try HTTPConnection(port: port, silence: .seconds(60)).exchange("GET", target)
    }

    /// Terminates the process, and kills it if it does not end. Does nothing if it has ended.
    func end() {
        process.send(signal: SIGTERM)
        _ = try? process.waitForEnd(within: .seconds(20))
        process.end()
    }
}
