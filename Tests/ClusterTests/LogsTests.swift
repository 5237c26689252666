import ProcessSupport
import Testing

extension ClusterSerial {
    /// Logs of pods that are read through F2S.
    @Suite struct Logs {
        @Test func `the log of a pod can be read, and a reader that follows also gets the log of a new pod`() throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("talks") }
            try f2s.declare(ClusterFunction("talks") { $0.minReplicas = 1 })
            try f2s.wait(for: "talks", ready: 1)
            let first = try #require(try f2s.api.pods(of: "talks").first).name
            let (host, port) = try f2s.managementAddress
            let credentials = try f2s.credentials
            let past = try HTTPConnection(host: host, port: port)
                .exchange("GET", "/functions/talks/logs?tail=10", credentials)
            #expect(past.status == 200 && past.text.contains("\(first) listens, version"), "\(past.text)")

            // Longer than the keep-alive interval of an idle stream.
            let stream = try HTTPConnection(host: host, port: port, silence: .seconds(90))
            try stream.send("GET", "/functions/talks/logs?tail=0&follow=true", credentials)
            #expect(try stream.head().status == 200)
            try f2s.kubectl("delete", "pod", first, "--namespace=f2s-containers", "--wait=false")
            let begun = monotonicNanoseconds()
            var heard = ""
            while !heard.contains("listens, version"), let chunk = try stream.chunk() {
                heard += String(decoding: chunk, as: UTF8.self)
            }
            #expect(heard.contains("talks-") && !heard.contains("\(first) listens"), "\(heard)")
            let took = (monotonicNanoseconds() - begun).milliseconds
            print("logs: a reader that follows got the log of the pod after \(first) in \(took)")
        }
    }
}
