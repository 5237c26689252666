import ProcessSupport
import Testing

extension ClusterSerial {
    /// The token that the pods of F2S know each other by changes while functions are called.
    @Suite struct Token {
        private static let path = "/api/v1/namespaces/f2s/secrets/f2s-internal"

        @Test func `the token is replaced, emptied and deleted without a failed request`() async throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("owned") }
            try f2s.waitUntilComplete()
            try f2s.declare(
                ClusterFunction("owned") {
                    $0.minReplicas = 1
                    $0.concurrency = 4
                })
            try f2s.wait(for: "owned", ready: 1)
            let refusedBefore = try Self.refusals(f2s)
            // Connections to both pods: one of them forwards.
            let load = PacedLoad(on: try f2s.address, "/invoke/owned", perSecond: 50, atLeast: 500)
            async let running = load.run()
            let steps = Result { try Self.change(f2s, load) }
            load.stop()
            let outcome = try await running
            try steps.get()
            report(
                5, "\(outcome.sent) requests while the token changes; failed: \(outcome.summary); \(outcome.latencies)")
            #expect(outcome.failures.isEmpty)
            // Nobody waited for anything: a changed token is known to both within a moment.
            #expect(outcome.times.max() ?? 0 < 10_000_000_000)
            #expect(try Self.refusals(f2s) == refusedBefore)
        }

        @Test func `a pod that refuses the token is named in health and by an Event, until the tokens agree`() throws {
            let f2s = try F2SInstallation.current
            let pods = try f2s.waitUntilComplete()
            defer {
                _ = try? f2s.api.send("DELETE", "\(ClusterAPI.ownPods)/\(Self.stranger)?gracePeriodSeconds=0")
                _ = try? f2s.waitUntilComplete()
            }
            try f2s.kubectl.apply(Self.strangerManifest)
            let begun = monotonicNanoseconds()
            for pod in pods {
                try eventually("\(pod.name) says that its token is refused", within: .seconds(90)) {
                    pause(.milliseconds(100))
                    let (health, trust) = try Self.trust(as: pod)
                    guard trust?["status"]?.text == "False" else { return false }
                    #expect(trust?["reason"]?.text == "PeerRefusesToken")
                    #expect(trust?["message"]?.text?.hasPrefix("\(Self.stranger) refuses the internal token") == true)
                    return health["status"]?.text == "degraded"
                }
                try Self.waitForEvent("PeerRefusesToken", type: "Warning", of: pod, f2s)
            }
            let took = monotonicNanoseconds() - begun
            report(5, "a pod with another token is named \(took.milliseconds) after it was applied")

            try f2s.api.send(
                "PATCH", Self.path, "{\"stringData\": {\"token\": \"\(Self.strangersToken)\"}}",
                type: "application/merge-patch+json")
            for pod in pods {
                try eventually("\(pod.name) says that the tokens agree", within: .seconds(60)) {
                    pause(.milliseconds(100))
                    let (health, trust) = try Self.trust(as: pod)
                    return trust?["status"]?.text == "True" && trust?["reason"]?.text == "TokensAgree"
                        && health["status"]?.text == "ok"
                }
                try Self.waitForEvent("TokensAgree", type: "Normal", of: pod, f2s)
            }
        }

        private static func change(_ f2s: F2SInstallation, _ load: PacedLoad) throws {
            pause(.seconds(2))
            load.note("replacing the token")
            try f2s.api.send(
                "PATCH", path, #"{"stringData": {"token": "0123456789abcdef0123456789abcdef"}}"#,
                type: "application/merge-patch+json")
            pause(.seconds(3))
            load.note("emptying the Secret")
            try f2s.api.send(
                "PATCH", path, #"[{"op": "remove", "path": "/data"}]"#, type: "application/json-patch+json")
            let made = try token(f2s, isNot: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
            pause(.seconds(3))
            load.note("deleting the Secret")
            try f2s.kubectl("delete", "secret", "f2s-internal", "--namespace=f2s")
            #expect(try token(f2s, isNot: "") == made)
            pause(.seconds(3))
        }

        /// The token as it is stored, once there is one that is another.
        private static func token(_ f2s: F2SInstallation, isNot old: String) throws -> String {
            try eventually("the Secret holds a token again", within: .seconds(60)) { () -> String? in
                pause(.milliseconds(100))
                let token = try f2s.api.find(path)?["data"]?["token"]?.text
                return token == old || token?.isEmpty != false ? nil : token
            }
        }

        /// Requests that the pods of F2S have refused because of the token.
        private static func refusals(_ f2s: F2SInstallation) throws -> Double {
            try f2s.api.ownPods().reduce(0) {
                try $0 + f2s.metric("f2s_requests_refused_total", ["stage=\"auth\""], of: $1)
            }
        }

        // MARK: A pod with another token

        private static let stranger = "f2s-stranger"
        private static let strangersToken = "fedcba9876543210fedcba9876543210"

        /// Another pod of F2S with a token of its own. Nothing listens at the port that its probe asks: it is a peer,
        /// and the Service sends it nothing.
        private static var strangerManifest: String {
            """
            apiVersion: v1
            kind: Pod
            metadata:
              name: \(stranger)
              namespace: f2s
              labels: {app.kubernetes.io/name: f2s, app.kubernetes.io/component: server}
            spec:
              serviceAccountName: f2s
              enableServiceLinks: false
              securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532}
              containers:
                - name: f2s
                  image: \(ClusterEnvironment.image)
                  imagePullPolicy: IfNotPresent
                  args:
                    - serve
                    - --platform=kubernetes
                    - --namespace=f2s
                    - --functions-namespace=f2s-containers
                    - --listen=0.0.0.0:8080
                    - --operations=0.0.0.0:8081
                    - --internal=0.0.0.0:8082
                    - --allow-unauthenticated
                  env:
                    - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                    - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
                    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
                    - {name: TMPDIR, value: /tmp}
                    - {name: F2S_INTERNAL_TOKEN, value: \(strangersToken)}
                  readinessProbe: {tcpSocket: {port: 1}}
                  volumeMounts: [{name: tmp, mountPath: /tmp}]
              volumes: [{name: tmp, emptyDir: {}}]

            """
        }

        /// Returns a pod's `/health`, and its condition about the trust of the others.
        private static func trust(as pod: Pod) throws -> (health: JSONValue, condition: JSONValue?) {
            let host = try #require(pod.address)
            let health = try HTTPConnection(host: host, port: 8080).exchange("GET", "/health").json
            return (health, health["conditions"]?.list.first { $0["type"]?.text == "PeersTrusted" })
        }

        private static func waitForEvent(
            _ reason: String, type: String, of pod: Pod, _ f2s: F2SInstallation
        ) throws {
            try eventually("an Event \(reason) of \(pod.name) is there", within: .seconds(60)) {
                pause(.milliseconds(200))
                return try f2s.api.list("/api/v1/namespaces/f2s/events").contains { event in
                    event["reason"]?.text == reason && event["type"]?.text == type
                        && event["involvedObject"]?["name"]?.text == pod.name
                }
            }
        }
    }
}
