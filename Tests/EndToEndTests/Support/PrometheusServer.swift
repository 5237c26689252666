import Glibc
import ProcessSupport

/// Debian's Prometheus, which scrapes one F2S process every second.
final class PrometheusServer {
    private let folder: TemporaryFolder
    private let process: ChildProcess

    /// Starts Prometheus, and returns when it answers queries.
    /// - Parameters:
    ///   - port: The port of its API on 127.0.0.1.
    ///   - target: The port of the F2S process' metrics on 127.0.0.1.
    init(port: Int, target: Int) throws {
        folder = try TemporaryFolder()
        let settings = """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
            - job_name: f2s
              static_configs: [{targets: ["127.0.0.1:\(target)"]}]

            """
        do {
            try Files.write(settings, to: folder.path + "/prometheus.yml")
            process = try ChildProcess(
                [
                    "/usr/bin/prometheus", "--config.file=\(folder.path)/prometheus.yml",
                    "--storage.tsdb.path=\(folder.path)/data", "--web.listen-address=127.0.0.1:\(port)",
                ], output: folder.path + "/log", errors: folder.path + "/log")
        } catch {
            folder.remove()
            throw error
        }
        do {
            try eventually("Prometheus is ready", within: .seconds(60)) {
                if let status = try process.endIfOver() {
                    throw ChildProcess.Failure(program: "prometheus", reason: "ended with exit status \(status)")
                }
                return (try? HTTPConnection(port: port).exchange("GET", "/-/ready"))?.status == 200
            }
        } catch {
            print("Prometheus has logged:\n\((try? Files.read(folder.path + "/log"))?.suffix(4000) ?? "")")
            end()
            throw error
        }
    }

    /// Ends Prometheus and removes its data.
    func end() {
        process.end()
        folder.remove()
    }
}
