import ProcessSupport
import Testing

extension ClusterSerial {
    /// Who may manage functions on the default installation.
    @Suite struct Management {
        private static let manifest = Array(
            """
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata: {name: managed}
            spec: {endpoint: /managed}
            target: {containerImage: a}
            """.utf8)

        @Test func `a function's pod declares nothing, wherever it asks`() throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("hostile", "asks") }
            try f2s.declare(ClusterFunction("asks") { $0.minReplicas = 1 })
            try f2s.wait(for: "asks", ready: 1)
            let (open, management) = (try f2s.address, try f2s.managementAddress)
            var places = [("Service f2s", open.host, open.port, 404), ("Service f2s-api", management.host, 8080, 403)]
            for pod in try f2s.api.ownPods() {
                let host = try #require(pod.address)
                places += [("\(pod.name), public", host, 8080, 404), ("\(pod.name), management", host, 8083, 403)]
            }
            for (name, host, port, expected) in places {
                let answer = try f2s.invoke("/asks/post?to=\(host):\(port)")
                // The pod tells the status that it got as the last word of its answer.
                let status = answer.text.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) }
                #expect(status == expected, "\(name): \(answer.text)")
                report(5, "POST /functions from a function's pod to \(name): \(status ?? -1)")
            }
            #expect(try f2s.api.find("\(ClusterAPI.functions)/hostile") == nil)
        }

        @Test func `who is no function manages by Service f2s-api, and by Service f2s nobody does`() throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("managed") }
            let (open, management) = (try f2s.address, try f2s.managementAddress)
            let fields = [("Content-Type", "application/yaml")]
            let refused = try HTTPConnection(host: open.host, port: open.port).exchange(
                "POST", "/functions", fields, body: Self.manifest)
            #expect(refused.status == 404 && refused.text.contains("f2s-api"), "\(refused.text)")
            #expect(try HTTPConnection(host: open.host, port: open.port).exchange("GET", "/health").status == 200)
            for (name, value) in [("Sec-Fetch-Site", "same-origin"), ("Origin", "http://f2s-api.f2s.svc:8080")] {
                let page = try HTTPConnection(host: management.host, port: management.port).exchange(
                    "POST", "/functions", fields + [(name, value)], body: Self.manifest)
                #expect(page.status == 403, "\(name): \(page.text)")
            }
            let made = try HTTPConnection(host: management.host, port: management.port).exchange(
                "POST", "/functions", fields, body: Self.manifest)
            #expect(made.status == 201, "\(made.text)")
            #expect(made["content-security-policy"]?.hasPrefix("sandbox") == true)
        }
    }
}
