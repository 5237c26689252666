import ProcessSupport
import Testing

extension ClusterSerial {
    /// The objects of functions and those of other programs (must hold 7).
    @Suite struct Ownership {
        @Test
        func `F2S does not change the Deployment of another program, and the function reports why it does not run`()
            throws
        {
            let f2s = try F2SInstallation.current
            let path = "\(ClusterAPI.deployments)/taken"
            defer {
                _ = try? f2s.kubectl("delete", "f2sfn", "taken", "--namespace=f2s", "--ignore-not-found")
                _ = try? f2s.kubectl(
                    "delete", "deployment", "taken", "--namespace=f2s-containers", "--ignore-not-found")
            }
            try f2s.kubectl.apply(
                """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: taken, namespace: f2s-containers}
                spec:
                  replicas: 1
                  selector: {matchLabels: {app: other}}
                  template:
                    metadata: {labels: {app: other}}
                    spec: {containers: [{name: a, image: "\(ClusterEnvironment.functionImage)"}]}
                """)
            try eventually("the Deployment has a ready replica") {
                try f2s.api.get(path)["status"]?["readyReplicas"]?.number == 1
            }
            let before = try f2s.api.get(path)
            try f2s.kubectl.apply(ClusterFunction("taken") { $0.minReplicas = 1 }.yaml)
            let row = try eventually("the function reports that the name is taken") { () -> String? in
                pause(.milliseconds(200))
                let status = try f2s.api.get("\(ClusterAPI.functions)/taken")["status"]
                let reasons = (status?["conditions"]?.list ?? []).compactMap { $0["reason"]?.text }
                return reasons.contains("NameTaken")
                    ? try f2s.kubectl("get", "f2sfn", "taken", "--namespace=f2s") : nil
            }
            #expect(row.contains("False"), "\(row)")
            let answer = try f2s.invoke("/taken")
            #expect(answer.status == 503 || answer.status == 502, "\(answer.text)")
            try f2s.kubectl("delete", "f2sfn", "taken", "--namespace=f2s")
            pause(.seconds(2))
            let after = try f2s.api.get(path)
            #expect(after["metadata"]?["resourceVersion"] == before["metadata"]?["resourceVersion"])
            report(7, "the Deployment of another program is unchanged: \(row)")
        }

        @Test func `a manual edit of an object is repaired, and a deleted function leaves no objects`() throws {
            let f2s = try F2SInstallation.current
            let function = ClusterFunction("edited") {
                $0.minReplicas = 2
                $0.maxReplicas = 2
            }
            try f2s.declare(function)
            try f2s.wait(for: "edited", ready: 2)
            let path = "\(ClusterAPI.deployments)/edited"
            let edits: [(String, String)] = [
                ("scaled by hand", #"{"spec": {"replicas": 0}}"#),
                (
                    "another image",
                    #"{"spec": {"template": {"spec": {"containers": [{"name": "NAME", "image": "f2s.local/no:1"}]}}}}"#
                ),
            ]
            for (what, patch) in edits {
                let container = try f2s.api.get(path)["spec"]?["template"]?["spec"]?["containers"]?.list.first
                let name = container?["name"]?.text ?? ""
                let begun = monotonicNanoseconds()
                try f2s.api.send(
                    "PATCH", path, patch.replacing("NAME", with: name), type: "application/strategic-merge-patch+json")
                try eventually("the edit is repaired: \(what)", within: .seconds(30)) {
                    let spec = try f2s.api.get(path)["spec"]
                    let image = spec?["template"]?["spec"]?["containers"]?.list.first?["image"]?.text
                    return spec?["replicas"]?.number == 2 && image == function.image
                }
                report(7, "\(what): repaired after \((monotonicNanoseconds() - begun).milliseconds)")
                try f2s.wait(for: "edited", ready: 2)
            }
            try f2s.api.send("DELETE", path)
            try eventually("a deleted Deployment is created again", within: .seconds(30)) {
                try f2s.api.find(path).map { $0["metadata"]?["deletionTimestamp"] == nil } ?? false
            }
            let begun = monotonicNanoseconds()
            try f2s.remove("edited")
            report(
                7,
                "kubectl delete f2sfn: all objects are deleted after \((monotonicNanoseconds() - begun).milliseconds)")
            for kind in ["deployments.apps", "replicasets.apps", "services", "pods"] {
                let text = try f2s.kubectl(
                    "get", kind, "--namespace=f2s-containers", "--selector=app.kubernetes.io/name=edited",
                    "--output=name")
                #expect(text.isEmpty, "\(text)")
            }
        }
    }
}
