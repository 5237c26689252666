import ProcessSupport
import Testing

extension ClusterSerial {
    /// An installation from the plain manifests (must hold 1).
    @Suite struct Install {
        @Test func `a manifest of the published model is served from zero, and kubectl shows its state`() throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove("original") }
            // As in the documentation of the published model: without a slash at the start, and with the method in
            // lower case.
            try f2s.kubectl.apply(
                """
                apiVersion: f2s.opensight.ch/v1alpha1
                kind: Function
                metadata:
                  name: original
                  namespace: f2s
                spec:
                  description: "says where it runs"
                  endpoint: "original"
                  method: "get"
                target:
                  containerImage: "\(ClusterEnvironment.functionImage)"
                  endpoint: "/"
                  port: 8080
                  minReplicas: 0
                  maxReplicas: 2
                """)
            // The manifest names no callers, so they need the privilege to invoke functions.
            let credentials = try f2s.credentials
            // F2S receives the declaration by a watch. Until then the route does not exist.
            let begun = monotonicNanoseconds()
            let answer = try eventually("the first answer") { () -> HTTPAnswer? in
                let answer = try f2s.invoke("/original/first?x=1", credentials)
                return answer.status == 404 ? nil : answer
            }
            let took = monotonicNanoseconds() - begun
            #expect(answer.status == 200, "\(answer.text)")
            let pods = try f2s.api.pods(of: "original")
            #expect(answer["x-pod"] == pods.first?.name)
            let refused = try f2s.invoke("/original/first?x=1")
            #expect(refused.status == 401, "\(refused.text)")
            #expect(refused["www-authenticate"]?.hasPrefix("Bearer ") == true)

            let deployment = try #require(try f2s.api.find("\(ClusterAPI.deployments)/original"))
            let labels = deployment["metadata"]?["labels"]
            #expect(labels?["app.kubernetes.io/managed-by"]?.text == "f2s")
            #expect(labels?["app.kubernetes.io/name"]?.text == "original")
            let template = deployment["spec"]?["template"]?["spec"]
            #expect(template?["automountServiceAccountToken"] == .flag(false))
            #expect(template?["enableServiceLinks"] == .flag(false))
            #expect(template?["securityContext"]?["seccompProfile"]?["type"]?.text == "RuntimeDefault")
            let container = template?["containers"]?.list.first
            #expect(container?["securityContext"]?["allowPrivilegeEscalation"] == .flag(false))
            #expect(try f2s.api.find("\(ClusterAPI.services)/original") != nil)

            let row = try eventually("kubectl get f2sfn shows a ready replica") { () -> String? in
                pause(.milliseconds(200))
                let text = try f2s.kubectl("get", "f2sfn", "original", "--namespace=f2s")
                return text.contains("True") ? text : nil
            }
            #expect(row.split(separator: "\n").last?.hasPrefix("original   original   get      True") == true, "\(row)")
            report(
                1,
                "first answer of a published manifest from zero after \(took.milliseconds); kubectl get f2sfn:\n\(row)")
        }

        @Test(arguments: [
            ("missing-image", "f2s.local/there-is-none:1", [:], "image"),
            ("exits", ClusterEnvironment.functionImage, ["EXIT": "3"], "start"),
        ])
        func `the reason of a failed start is in the response and in the status`(
            name: String, image: String, environment: [String: String], stage: String
        ) throws {
            let f2s = try F2SInstallation.current
            defer { try? f2s.remove(name) }
            try f2s.declare(
                ClusterFunction(name) {
                    $0.image = image
                    $0.environment = environment
                })
            let begun = monotonicNanoseconds()
            let answer = try eventually("an answer") { () -> HTTPAnswer? in
                let answer = try f2s.invoke("/\(name)")
                return answer.status == 404 ? nil : answer
            }
            let took = monotonicNanoseconds() - begun
            #expect(answer.status >= 500)
            #expect(answer["content-type"]?.hasPrefix("application/problem+json") == true)
            let problem = try answer.json
            #expect(problem["stage"]?.text == stage, "\(answer.text)")
            if let status = environment["EXIT"].flatMap({ Int($0) }) {
                #expect(problem["exitStatus"]?.number == status, "\(answer.text)")
                #expect(problem["logTail"]?.list.last?.text == "no settings: giving up", "\(answer.text)")
            }
            let row = try eventually("the status shows the failure") { () -> String? in
                pause(.milliseconds(200))
                let text = try f2s.kubectl("get", "f2sfn", name, "--namespace=f2s")
                return text.contains("False") ? text : nil
            }
            report(1, "\(name): \(answer.status) after \(took.milliseconds): \(answer.text)\n\(row)")
        }
    }
}
