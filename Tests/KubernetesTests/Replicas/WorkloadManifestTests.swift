import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct WorkloadManifestTests {
    private func deployment(
        _ target: Target = Target(image: "i:1"), keeping kept: WorkloadManifest.Kept? = nil,
        settings: WorkloadManifest.Settings = sampleSettings()
    ) throws -> JSONValue {
        WorkloadManifest(function: try sampleFunction("hello", target), settings: settings)
            .deployment(replicas: 2, keeping: kept)
    }

    private func podSpec(_ deployment: JSONValue) -> JSONValue? { deployment["spec"]?["template"]?["spec"] }

    private func container(_ deployment: JSONValue) -> JSONValue? { podSpec(deployment)?["containers"]?[0] }

    @Test func `objects have the conventional names and labels`() throws {
        let function = try sampleFunction()
        let manifest = WorkloadManifest(function: function, settings: sampleSettings())
        let deployment = manifest.deployment(replicas: 2, keeping: nil)
        for object in [deployment, manifest.service()] {
            #expect(object["metadata"]?["name"] == "hello" && object["metadata"]?["namespace"] == "f2s-containers")
            let labels = object["metadata"]?["labels"]
            #expect(labels?["app.kubernetes.io/name"] == "hello")
            #expect(labels?["app.kubernetes.io/managed-by"] == "f2s")
            #expect(labels?["app.kubernetes.io/component"] == "function")
            #expect(labels?["f2s.opensight.ch/function-uid"] == .string(function.id.text))
            #expect(labels?["f2s.opensight.ch/function-namespace"] == "f2s")
        }
        #expect(deployment["spec"]?["replicas"] == 2)
        let template = deployment["spec"]?["template"]?["metadata"]?["labels"]
        #expect(template?["f2s.opensight.ch/revision"] == .string(function.revision.text))
        #expect(
            deployment["spec"]?["selector"] == [
                "matchLabels": ["f2s.opensight.ch/function-uid": .string(function.id.text)]
            ])
        #expect(deployment["spec"]?["strategy"]?["rollingUpdate"] == ["maxSurge": 1, "maxUnavailable": 0])
        #expect(manifest.service()["spec"]?["ports"]?[0]?["targetPort"] == 8080)
    }

    @Test func `labels and annotations are applied to the Deployment and its pods, but not to the Service`() throws {
        let function = try sampleFunction(
            metadata: FunctionMetadata(
                labels: ["team": "shop", "app.kubernetes.io/name": "mine", "app.kubernetes.io/instance": "argo"],
                annotations: [
                    "prometheus.io/scrape": "true", "kubectl.kubernetes.io/last-applied-configuration": "{}",
                ]))
        let manifest = WorkloadManifest(function: function, settings: sampleSettings())
        let deployment = manifest.deployment(replicas: 2, keeping: nil)
        for metadata in [deployment["metadata"], deployment["spec"]?["template"]?["metadata"]] {
            #expect(metadata?["labels"]?["team"] == "shop")
            #expect(
                metadata?["labels"]?["app.kubernetes.io/name"] == "hello", "F2S identifies its objects by this label")
            #expect(metadata?["labels"]?["app.kubernetes.io/instance"] == nil)
            #expect(metadata?["annotations"]?["prometheus.io/scrape"] == "true")
            #expect(metadata?["annotations"]?["kubectl.kubernetes.io/last-applied-configuration"] == nil)
        }
        #expect(manifest.service()["metadata"]?["labels"]?["team"] == nil)
        #expect(manifest.service()["metadata"]?["annotations"] == nil)
    }

    @Test(arguments: ["team", "prometheus.io/scrape", ObjectLabel.carried])
    func `a manual change of a label or annotation changes the hash`(key: String) throws {
        let function = try sampleFunction(
            metadata: FunctionMetadata(labels: ["team": "shop"], annotations: ["prometheus.io/scrape": "true"]))
        let manifest = WorkloadManifest(function: function, settings: sampleSettings())
            .deployment(replicas: 2, keeping: nil)
        let digest = AppliedFields.digest(of: manifest)
        let kind = key == "team" ? "labels" : "annotations"
        var onDeployment = manifest
        onDeployment["metadata"]?[kind]?[key] = "other"
        #expect(AppliedFields.digest(of: onDeployment) != digest)
        var onPods = manifest
        onPods["spec"]?["template"]?["metadata"]?[kind]?[key] = nil
        #expect(AppliedFields.digest(of: onPods) != digest)
        var ofOthers = manifest
        ofOthers["metadata"]?[kind]?["theirs"] = "x"
        #expect(AppliedFields.digest(of: ofOthers) == digest)
    }

    @Test func `a pod has restricted privileges`() throws {
        let deployment = try deployment()
        let spec = podSpec(deployment)
        #expect(spec?["enableServiceLinks"] == false && spec?["automountServiceAccountToken"] == false)
        #expect(spec?["securityContext"]?["seccompProfile"] == ["type": "RuntimeDefault"])
        #expect(container(deployment)?["securityContext"] == ["allowPrivilegeEscalation": false])
        #expect(container(deployment)?["imagePullPolicy"] == "IfNotPresent")
    }

    @Test func `environment, secrets, resources, command and pull secrets are part of the pod`() throws {
        let target = Target(
            image: "i:1", command: ["python3", "x.py"], port: 9000, environment: ["B": "2", "A": ""],
            secrets: ["one", "two"],
            resources: Resources(cpu: try Quantity("500m", field: ""), memory: try Quantity("128Mi", field: "")))
        let deployment = try deployment(target, settings: sampleSettings(pullSecrets: ["pull"]))
        let container = container(deployment)
        #expect(
            container?["env"] == [["name": "A"], ["name": "B", "value": "2"], ["name": "PORT", "value": "9000"]])
        #expect(container?["envFrom"] == [["secretRef": ["name": "one"]], ["secretRef": ["name": "two"]]])
        #expect(container?["command"] == ["python3", "x.py"] && container?["ports"]?[0]?["containerPort"] == 9000)
        let amounts: JSONValue = ["cpu": "500m", "memory": "128Mi"]
        #expect(container?["resources"] == ["requests": amounts, "limits": amounts])
        #expect(podSpec(deployment)?["imagePullSecrets"] == [["name": "pull"]])
    }

    @Test func `environment sources follow the Secrets in the order of the declaration`() throws {
        let target = Target(
            image: "i:1", secrets: ["one"],
            environmentSources: [
                try Target.EnvironmentSource(.secret, "keys", isOptional: true),
                try Target.EnvironmentSource(.configMap, "settings"),
                try Target.EnvironmentSource(.configMap, "more", isOptional: true),
            ])
        #expect(
            container(try deployment(target))?["envFrom"] == [
                ["secretRef": ["name": "one"]], ["secretRef": ["name": "keys", "optional": true]],
                ["configMapRef": ["name": "settings"]], ["configMapRef": ["name": "more", "optional": true]],
            ])
        #expect(WorkloadManifest.secrets(of: target) == ["one", "keys"])
        #expect(container(try deployment())?["envFrom"] == nil)
    }

    @Test func `a function from source text runs in a stock image, with its files in a ConfigMap`() throws {
        let source = SourceCode(runtime: .python, files: ["handler.py": "a", "lib/b.py": "b"])
        let function = try sampleFunction("hello", Target(source: source))
        let manifest = WorkloadManifest(function: function, settings: sampleSettings())
        let name = "f2s-source-hello-\(source.digest)"
        #expect(
            WorkloadManifest.objects(of: function).map { "\($0.type.kind)/\($0.name)" } == [
                "ConfigMap/\(name)", "Deployment/hello", "Service/hello",
            ])
        let files = manifest.configMap()
        #expect(files["metadata"]?["name"] == .string(name))
        #expect(files["data"]?["handler.py"] == "a" && files["data"]?["lib..b.py"] == "b")
        #expect(files["data"]?[".f2s..serve.py"]?.text?.contains("import") == true)

        let deployment = manifest.deployment(replicas: 1, keeping: nil)
        let (spec, container) = (podSpec(deployment), container(deployment))
        #expect(container?["image"] == "stock-python:1" && container?["workingDir"] == "/f2s")
        #expect(container?["command"] == ["python3", ".f2s/serve.py", ".", "handler.handle"])
        #expect(container?["volumeMounts"]?[0]?["mountPath"] == "/f2s")
        #expect(container?["securityContext"]?["capabilities"] == ["drop": ["ALL"]])
        #expect(spec?["securityContext"]?["runAsNonRoot"] == true)
        #expect(spec?["volumes"]?[0]?["configMap"]?["name"] == .string(name))
        #expect(
            spec?["volumes"]?[0]?["configMap"]?["items"]?[2] == ["key": "lib..b.py", "path": "lib/b.py"])

        // A changed setting replaces no pods.
        let kept = WorkloadManifest.Kept(
            revision: function.revision.text, drainAddress: nil, graceSeconds: 30, image: "stock-python:0")
        #expect(self.container(manifest.deployment(replicas: 1, keeping: kept))?["image"] == "stock-python:0")
        let digest = AppliedFields.digest(of: files)
        var edited = files
        edited["data"]?["handler.py"] = "c"
        #expect(AppliedFields.digest(of: edited) != digest)
    }

    @Test func `a function with an identity has a ServiceAccount, and its pods have a token for F2S only`() throws {
        let function = try sampleFunction("hello", Target(image: "i:1", hasIdentity: true))
        let manifest = WorkloadManifest(function: function, settings: sampleSettings())
        let account = manifest.serviceAccount(uid: "u")
        #expect(account["metadata"]?["name"] == "f2s-function-hello" && account["metadata"]?["uid"] == "u")
        #expect(account["metadata"]?["labels"]?["f2s.opensight.ch/function-uid"] == .string(function.id.text))
        #expect(account["automountServiceAccountToken"] == false)
        #expect(
            WorkloadManifest.objects(of: function).map { "\($0.type.kind)/\($0.name)" } == [
                "ServiceAccount/f2s-function-hello", "Deployment/hello", "Service/hello",
            ])

        let deployment = manifest.deployment(replicas: 1, keeping: nil)
        let spec = podSpec(deployment)
        #expect(spec?["serviceAccountName"] == "f2s-function-hello" && spec?["automountServiceAccountToken"] == false)
        let token = spec?["volumes"]?[0]?["projected"]?["sources"]?[0]?["serviceAccountToken"]
        #expect(token == ["audience": "f2s", "expirationSeconds": 3600, "path": "token"])
        let mount = container(deployment)?["volumeMounts"]?[0]
        #expect(mount?["mountPath"] == "/var/run/secrets/f2s" && mount?["name"] == spec?["volumes"]?[0]?["name"])
        #expect(
            container(deployment)?["env"]?[0] == [
                "name": "F2S_TOKEN_FILE", "value": "/var/run/secrets/f2s/token",
            ])
        let digest = AppliedFields.digest(of: deployment)
        var moved = deployment
        moved["spec"]?["template"]?["spec"]?["serviceAccountName"] = "default"
        #expect(AppliedFields.digest(of: moved) != digest, "a manual change is repaired")

        let without = try self.deployment()
        #expect(podSpec(without)?["serviceAccountName"] == nil && podSpec(without)?["volumes"] == nil)
        #expect(container(without)?["volumeMounts"] == nil)
        #expect(WorkloadManifest.objects(of: try sampleFunction()).count == 2)
    }

    @Test func `a declared PORT variable is not replaced`() throws {
        let deployment = try deployment(Target(image: "i", environment: ["PORT": "1"]))
        #expect(container(deployment)?["env"] == [["name": "PORT", "value": "1"]])
    }

    @Test func `the readiness probe is the declared path, or else a TCP connection`() throws {
        for (timeout, seconds) in [(Duration.milliseconds(100), 1), (.milliseconds(1001), 2), (.seconds(10), 10)] {
            let probe = ReadinessProbe(path: "/ready", timeout: timeout)
            let declared = container(try deployment(Target(image: "i", readinessProbe: probe)))?["readinessProbe"]
            #expect(declared?["httpGet"]?["path"] == "/ready")
            #expect(declared?["timeoutSeconds"] == .integer(Int64(seconds)))
        }
        // The timeout is Kubernetes' default. The manifest contains it so that it does not count as a manual change.
        #expect(
            container(try deployment())?["readinessProbe"] == [
                "tcpSocket": ["port": 8080], "periodSeconds": 1, "timeoutSeconds": 1,
            ])
    }

    @Test func `a pod requests its drain before it is stopped, and the grace period is the timeout and 30 s`() throws {
        let deployment = try deployment(Target(image: "i", timeout: .milliseconds(1500)))
        let hook = container(deployment)?["lifecycle"]?["preStop"]?["httpGet"]
        #expect(hook?["host"] == "10.0.0.1" && hook?["port"] == 8082)
        #expect(hook?["path"] == "/drain/11111111-2222-3333-4444-555555555555")
        #expect(podSpec(deployment)?["terminationGracePeriodSeconds"] == 32)
        #expect(podSpec(try self.deployment())?["terminationGracePeriodSeconds"] == 150)
        let beyond = try self.deployment(Target(image: "i", timeout: .seconds(3600)))
        #expect(podSpec(beyond)?["terminationGracePeriodSeconds"] == 150, "request_timeout is the upper bound")
    }

    @Test func `a new address of F2S or a new request timeout does not change the template of a revision`() throws {
        let target = Target(image: "i:1")
        let kept = try #require(try observed(deployment(target)).kept)
        let moved = sampleSettings(drain: Replica.Address(ip: "10.9.9.9", port: 1), requestTimeout: .seconds(500))
        let same = try deployment(target, keeping: kept, settings: moved)
        #expect(same["spec"]?["template"] == (try deployment(target))["spec"]?["template"])

        var other = target
        other.image = "i:2"
        let next = try deployment(other, keeping: kept, settings: moved)
        #expect(container(next)?["lifecycle"]?["preStop"]?["httpGet"]?["host"] == "10.9.9.9")
        #expect(podSpec(next)?["terminationGracePeriodSeconds"] == 530)
    }

    @Test func `fields for routing, scaling and limits do not change the template`() throws {
        let before = Target(image: "i:1")
        let kept = try #require(try observed(deployment(before)).kept)
        var after = before
        after.path = "/x"
        after.maxReplicas = 50
        after.concurrency = 3
        after.scaling.idle = .seconds(5)
        after.limits.queued = 7
        #expect(
            (try deployment(after, keeping: kept))["spec"]?["template"]
                == (try deployment(before))["spec"]?["template"])
    }

    @Test func `a longer timeout replaces pods, whose grace period is too short, and a shorter one does not`() throws {
        let kept = try #require(try observed(deployment(Target(image: "i", timeout: .seconds(60)))).kept)
        let longer = try deployment(Target(image: "i", timeout: .seconds(100)), keeping: kept)
        let shorter = try deployment(Target(image: "i", timeout: .seconds(10)), keeping: kept)
        #expect(podSpec(longer)?["terminationGracePeriodSeconds"] == 130)
        #expect(podSpec(shorter)?["terminationGracePeriodSeconds"] == 90)
    }

    @Test func `the grace period is the declared drain timeout and 30 s`() throws {
        let declared = Target(image: "i", timeout: .seconds(10), drainTimeout: .seconds(600))
        let kept = try #require(try observed(deployment(declared)).kept)
        #expect(kept.graceSeconds == 630)
        #expect(try observed(deployment(Target(image: "i", drainTimeout: .zero))).kept?.graceSeconds == 30)
        // The setting applies where nothing is declared, and does not shorten a function's own timeout.
        let long = sampleSettings(drainTimeout: .seconds(300))
        #expect(try observed(deployment(Target(image: "i"), settings: long)).kept?.graceSeconds == 300)
        let own = try observed(deployment(Target(image: "i", timeout: .seconds(100)))).kept
        #expect(own?.graceSeconds == 130)
        // A longer declared drain timeout replaces pods, and a setting does not.
        let waiting = Target(image: "i", timeout: .seconds(100), drainTimeout: .seconds(900))
        #expect(podSpec(try deployment(waiting, keeping: kept))?["terminationGracePeriodSeconds"] == 930)
        let same = try deployment(Target(image: "i", timeout: .seconds(100)), keeping: own, settings: long)
        #expect(podSpec(same)?["terminationGracePeriodSeconds"] == 130)
    }

    @Test(arguments: [("hello", "hello"), ("1st", "f-1st"), ("9a", "f-9a")])
    func `the name of a Service begins with a letter and has at most 63 characters`(name: String, expected: String)
        throws
    {
        #expect(WorkloadManifest.serviceName(of: try FunctionName(name)) == expected)
        let longest = try FunctionName(String(repeating: "9", count: 63))
        #expect(WorkloadManifest.serviceName(of: longest).utf8.count == 63)
    }
}
