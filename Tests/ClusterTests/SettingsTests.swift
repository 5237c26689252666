import ProcessSupport
import Testing

extension ClusterSerial {
    /// Changes of the ConfigMap, valid and invalid.
    @Suite struct Settings {
        private static let path = "/api/v1/namespaces/f2s/configmaps/f2s-config"
        private static let annotation = "f2s.opensight.ch/last-good-config"

        @Test func `all pods apply an edit at once, and keep serving and report an invalid one`() throws {
            let f2s = try F2SInstallation.current
            let original = try #require(try Self.text(f2s))
            defer {
                try? Self.write(original, f2s)
                _ = try? f2s.waitUntilComplete()
            }
            let good = original.replacing("shutdown_delay: 5000", with: "shutdown_delay: 4321")
            #expect(good != original)
            let credentials = try f2s.credentials
            let begun = monotonicNanoseconds()
            try Self.write(good, f2s)
            try eventually("both pods have applied the edit", within: .seconds(75)) {
                try f2s.api.ownPods().allSatisfy {
                    try Self.config(of: $0, credentials).contains("\"shutdown_delay\":4321")
                }
            }
            let took = monotonicNanoseconds() - begun
            report(5, "both pods have applied an edit of the ConfigMap after \(took.milliseconds)")
            #expect(took < 75_000_000_000)
            try eventually("the leader has stored it in the annotation", within: .seconds(60)) {
                let metadata = try f2s.api.get(Self.path)["metadata"]
                return metadata?["annotations"]?[Self.annotation]?.text == good
            }

            // A typo, and a pod that starts with it.
            let broken = monotonicNanoseconds()
            try Self.write(good.replacing("shutdown_delay", with: "shutdown_dellay"), f2s)
            try eventually("kubectl get events shows the failure", within: .seconds(75)) {
                pause(.milliseconds(200))
                let text = try f2s.kubectl("get", "events", "--namespace=f2s")
                return text.contains("SettingsRefused") && text.contains("did you mean f2s.shutdown_delay?")
            }
            report(5, "a typo in the ConfigMap: an Event after \((monotonicNanoseconds() - broken).milliseconds)")
            for pod in try f2s.api.ownPods() {
                let health = try Self.health(of: pod)
                #expect(health["status"]?.text == "degraded")
                let condition = health["conditions"]?.list.first { $0["type"]?.text == "SettingsAccepted" }
                #expect(condition?["status"]?.text == "False" && condition?["reason"]?.text == "SettingsRefused")
            }
            let gone = try f2s.leader().name
            try f2s.kubectl("delete", "pod", gone, "--namespace=f2s", "--wait=false")
            try eventually("another pod starts with the last good settings", within: .seconds(120)) {
                pause(.milliseconds(200))
                let pods = try f2s.api.ownPods().filter { $0.name != gone }
                return pods.count == 2 && pods.allSatisfy { $0.isReady }
            }
            for pod in try f2s.api.ownPods() where pod.name != gone {
                // A pod may be ready shortly before it has read the API tokens.
                try eventually("\(pod.name) has the last good settings") {
                    try Self.config(of: pod, credentials).contains("\"shutdown_delay\":4321")
                }
            }
            try Self.write(good, f2s)
            try eventually("both pods are healthy again", within: .seconds(75)) {
                try f2s.api.ownPods().filter { $0.name != gone }
                    .allSatisfy { try Self.health(of: $0)["status"]?.text == "ok" }
            }
        }

        @Test func `a pod without valid settings is not ready and reports the reason, until there are valid settings`()
            throws
        {
            let f2s = try F2SInstallation.current
            let original = try #require(try Self.text(f2s))
            let before = try f2s.waitUntilComplete().map(\.name)
            defer {
                try? Self.write(original, f2s)
                _ = try? f2s.waitUntilComplete()
            }
            try Self.write("f2s: {lops: 1}\n", f2s)
            try f2s.api.send(
                "PATCH", Self.path, "{\"metadata\": {\"annotations\": {\"\(Self.annotation)\": null}}}",
                type: "application/merge-patch+json")
            try f2s.kubectl("delete", "pod", before[0], "--namespace=f2s", "--wait=false")
            let reason = try eventually("a new pod reports why it is not ready", within: .seconds(120)) {
                () -> String? in
                pause(.milliseconds(200))
                guard let pod = try f2s.api.ownPods().first(where: { !before.contains($0.name) }),
                    let host = pod.address,
                    let answer = try? HTTPConnection(host: host, port: 8081).exchange("GET", "/ready"),
                    answer.status == 503, answer.text.contains("NoGoodSettings")
                else { return nil }
                return answer.text
            }
            #expect(reason.contains("did you mean f2s.loops?"), "\(reason)")
            report(5, "a pod without valid settings: \(reason)")
            // The pod does not crash, and the other pod serves.
            #expect(try f2s.api.ownPods().first { $0.name == before[1] }?.isReady == true)
            try Self.write(original, f2s)
            let credentials = try f2s.credentials
            for pod in try f2s.waitUntilComplete() {
                // Without usable settings a pod refuses every caller, afterwards it does as the settings say.
                let answer = try pod.exchange("GET", "/functions", port: 8083, credentials)
                #expect(answer.status == 200, "\(pod.name): \(answer.text)")
            }
        }

        private static func text(_ f2s: F2SInstallation) throws -> String? {
            try f2s.api.get(path)["data"]?["config.yaml"]?.text
        }

        private static func write(_ text: String, _ f2s: F2SInstallation) throws {
            let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            try f2s.api.send(
                "PATCH", path, "{\"data\": {\"config.yaml\": \"\(escaped)\"}}", type: "application/merge-patch+json")
        }

        private static func config(of pod: Pod, _ credentials: [(String, String)]) throws -> String {
            guard pod.address != nil else { return "" }
            return try pod.exchange("GET", "/config", port: 8083, credentials).text.filter { $0 != " " }
        }

        private static func health(of pod: Pod) throws -> JSONValue {
            try HTTPConnection(host: try #require(pod.address), port: 8080).exchange("GET", "/health").json
        }
    }
}
