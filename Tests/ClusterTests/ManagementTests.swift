import ProcessSupport
import Testing

extension ClusterSerial {
    /// Access to the management API of the default installation.
    @Suite struct Management {
        private static let manifest = Array(
            """
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata: {name: managed}
            spec: {endpoint: /managed}
            target: {containerImage: a}
            """.utf8)

        @Test func `a function's pod can declare no function at any address`() throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("hostile", "asks") }
            try f2s.declare(ClusterFunction("asks") { $0.minReplicas = 1 })
            try f2s.wait(for: "asks", ready: 1)
            let (open, management) = (try f2s.address, try f2s.managementAddress)
            // F2S rejects the address of the pod with 403 before it looks for credentials.
            var locations = [
                ("Service f2s", open.host, open.port, 404), ("Service f2s-api", management.host, 8080, 403),
            ]
            for pod in try f2s.api.ownPods() {
                let host = try #require(pod.address)
                locations += [("\(pod.name), public", host, 8080, 404), ("\(pod.name), management", host, 8083, 403)]
            }
            for (name, host, port, expected) in locations {
                let answer = try f2s.invoke("/asks/post?to=\(host):\(port)")
                // The last word of the pod's response is the status that it got.
                let status = answer.text.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) }
                #expect(status == expected, "\(name): \(answer.text)")
                report(5, "POST /functions from a function's pod to \(name): \(status ?? -1)")
            }
            #expect(try f2s.api.find("\(ClusterAPI.functions)/hostile") == nil)
        }

        @Test func `the management API refuses callers without a token that F2S has issued`() throws {
            let f2s = try F2SInstallation.current
            let (host, port) = try f2s.managementAddress
            let get = { (fields: [(String, String)]) in
                try HTTPConnection(host: host, port: port).exchange("GET", "/functions", fields)
            }
            let unknown = "f2s_" + String(repeating: "0", count: 12) + "_" + String(repeating: "0", count: 64)
            let callers: [(String, [(String, String)])] = [
                ("no token", []), ("an unknown token", .bearer(unknown)),
            ]
            for (name, fields) in callers {
                let refused = try get(fields)
                #expect(refused.status == 401, "\(name): \(refused.text)")
                #expect(refused["www-authenticate"]?.hasPrefix("Bearer ") == true, "\(name)")
                report(5, "GET /functions with \(name): \(refused.status) \(refused.text)")
            }
            let undeclared = try HTTPConnection(host: host, port: port).exchange(
                "POST", "/functions", [("Content-Type", "application/yaml")], body: Self.manifest)
            #expect(undeclared.status == 401, "\(undeclared.text)")
            #expect(try f2s.api.find("\(ClusterAPI.functions)/managed") == nil)
            let accepted = try get(try f2s.credentials)
            #expect(accepted.status == 200, "\(accepted.text)")
        }

        @Test func `an administrator can manage functions through Service f2s-api, and not through Service f2s`()
            throws
        {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("managed") }
            let (open, management) = (try f2s.address, try f2s.managementAddress)
            let fields = try f2s.credentials + [("Content-Type", "application/yaml")]
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
