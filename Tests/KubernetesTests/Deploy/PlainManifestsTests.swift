import F2SManifest
import F2SModel
import Testing

/// The objects that `deploy/manifests` installs, and the rights that they must not contain.
@Suite struct PlainManifestsTests {
    @Test(arguments: PlainManifests.files)
    func `one file contains all objects, namespaces first`(_ file: String) throws {
        let manifests = try PlainManifests(file)
        let held = manifests.objects.map { "\($0["kind"]?.text ?? "")/\($0["metadata", "name"]?.text ?? "")" }
        #expect(held.prefix(2).allSatisfy { $0.hasPrefix("Namespace/") })
        #expect(
            held.sorted() == [
                "ClusterRole/f2s-stray-functions-f2s", "ClusterRoleBinding/f2s-stray-functions-f2s",
                "ConfigMap/f2s-config", "CustomResourceDefinition/functions.f2s.opensight.ch", "Deployment/f2s",
                "Namespace/f2s", "Namespace/f2s-containers", "NetworkPolicy/f2s", "NetworkPolicy/f2s-functions",
                "PodDisruptionBudget/f2s", "Role/f2s", "Role/f2s-functions", "RoleBinding/f2s",
                "RoleBinding/f2s-functions", "Secret/f2s-initial-token", "Secret/f2s-internal", "Secret/f2s-tokens",
                "Service/f2s",
                "Service/f2s-api", "Service/f2s-internal", "ServiceAccount/f2s",
            ])
        let source = file == "f2s.yaml" ? "deploy/crd.yaml" : "deploy/crd-1.20.yaml"
        let definition = try #require(try DeployFile.documents(source).first)
        #expect(manifests.all("CustomResourceDefinition").map(\.plainText) == [definition.plainText])
        // Only Helm sets this label, and this file is applied without Helm.
        let managers = manifests.objects.compactMap { $0["metadata", "labels", "app.kubernetes.io/managed-by"] }
        #expect(managers.isEmpty)
    }

    @Test func `the file for Kubernetes 1.20 differs in the version of the disruption budget and the CEL rules only`()
        throws
    {
        let old = try PlainManifests("f2s-1.20.yaml")
        let new = try PlainManifests("f2s.yaml")
        #expect(old.one("PodDisruptionBudget", "f2s")?["apiVersion"]?.text == "policy/v1beta1")
        #expect(new.one("PodDisruptionBudget", "f2s")?["apiVersion"]?.text == "policy/v1")
        let pairs = zip(old.objects, new.objects).filter { $0.plainText != $1.plainText }
        #expect(old.objects.count == new.objects.count)
        #expect(
            pairs.compactMap { $0.0["kind"]?.text }.sorted() == ["CustomResourceDefinition", "PodDisruptionBudget"])
    }

    @Test(arguments: PlainManifests.files)
    func `outside of its two namespaces F2S may list functions and create events`(_ file: String) throws {
        let manifests = try PlainManifests(file)
        let rules = manifests.all("ClusterRole").flatMap { $0["rules"]?.elements ?? [] }.map { rule in
            ["apiGroups", "resources", "verbs"].map { rule[$0]?.texts ?? [] }
        }
        #expect(rules == [[["f2s.opensight.ch"], ["functions"], ["list", "watch"]], [[""], ["events"], ["create"]]])
        #expect(manifests.all("ClusterRoleBinding").count == 1)
    }

    @Test(arguments: PlainManifests.files)
    func `within its two namespaces F2S may read no Secret but its own three`(_ file: String) throws {
        let manifests = try PlainManifests(file)
        for role in manifests.all("Role") {
            for rule in role["rules"]?.elements ?? [] {
                let words = ["apiGroups", "resources", "verbs"].flatMap { rule.fields[$0]?.texts ?? [] }
                #expect(!words.contains("*"), "\(rule.plainText)")
                let resources = rule["resources"]?.texts ?? []
                #expect(!resources.contains { ["pods/exec", "pods/attach", "pods/portforward"].contains($0) })
                guard resources.contains("secrets") else { continue }
                // F2S may have to create its own Secrets again. A rule cannot restrict creation by name, but creation
                // reads no Secret.
                if rule["verbs"]?.texts == ["create"] { continue }
                let names = try #require(rule["resourceNames"]?.texts)
                #expect([["f2s-internal"], ["f2s-tokens"], ["f2s-initial-token"]].contains(names))
                #expect(role["metadata", "namespace"]?.text == "f2s")
                let isOnce = names == ["f2s-initial-token"]
                #expect(rule["verbs"]?.texts == (isOnce ? ["get", "update"] : ["get", "list", "watch", "update"]))
            }
        }
    }

    @Test func `the right to write Secrets of functions is optional, and contains no right to read one`() throws {
        let role = String(decoding: try DeployFile.bytes("deploy/helm/f2s/templates/rbac.yaml"), as: UTF8.self)
        let condition = "{{- if (.Values.functionSecrets | default dict).enabled }}\n"
        let parts = role.split(separator: condition, omittingEmptySubsequences: false)
        #expect(parts.count == 2)
        let rule = try #require(parts.last?.split(separator: "  {{- end }}").first)
        let lines = rule.split(separator: "\n").filter { !$0.contains("#") }.joined(separator: "\n")
        let rules = try #require(try YAMLReader().documents(Array(lines.utf8)).first?.get())
        #expect(rules.elements.map { $0["resources"]?.texts } == [["secrets"]])
        #expect(rules.elements.first?["verbs"]?.texts == ["create", "update", "delete"])
    }

    @Test(arguments: PlainManifests.files)
    func `the file contains no token`(_ file: String) throws {
        for name in ["f2s-internal", "f2s-tokens", "f2s-initial-token"] {
            let secret = try #require(try PlainManifests(file).one("Secret", name))
            #expect(secret["data"] == nil && secret["stringData"] == nil)
        }
    }

    @Test(arguments: PlainManifests.files)
    func `F2S runs with minimal privileges`(_ file: String) throws {
        let manifests = try PlainManifests(file)
        let pod = try #require(manifests.pod?["spec"])
        let container = try #require(manifests.container)
        #expect(pod["securityContext", "runAsNonRoot"]?.text == "true")
        #expect(pod["securityContext", "seccompProfile", "type"]?.text == "RuntimeDefault")
        #expect(pod["enableServiceLinks"]?.text == "false")
        for broad in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"] { #expect(pod[broad] == nil) }
        #expect(container["securityContext", "readOnlyRootFilesystem"]?.text == "true")
        #expect(container["securityContext", "allowPrivilegeEscalation"]?.text == "false")
        #expect(container["securityContext", "capabilities", "drop"]?.texts == ["ALL"])
        for amount in ["requests", "limits"] { #expect(container["resources", amount, "memory"] != nil) }
        for volume in pod["volumes"]?.elements ?? [] { #expect(volume["hostPath"] == nil) }
    }

    @Test(arguments: PlainManifests.files)
    func `the grace period is longer than the shutdown delay and the drain timeout of the settings`(_ file: String)
        throws
    {
        let manifests = try PlainManifests(file)
        let settings = try #require(try manifests.settings())
        let delay = try #require(settings["f2s", "shutdown_delay"]?.number)
        let drain = try #require(settings["f2s", "limits", "drain_timeout"]?.number)
        let grace = try #require(manifests.pod?["spec", "terminationGracePeriodSeconds"]?.number)
        #expect(grace >= (delay + drain) / 1000 + 10)
    }

    @Test(arguments: PlainManifests.files)
    func `an upgrade never reduces the number of ready pods`(_ file: String) throws {
        let deployment = try #require(try PlainManifests(file).one("Deployment", "f2s")?["spec"])
        #expect(deployment["replicas"]?.number == 2)
        #expect(deployment["strategy", "rollingUpdate", "maxSurge"]?.text == "1")
        #expect(deployment["strategy", "rollingUpdate", "maxUnavailable"]?.text == "0")
    }

    @Test(arguments: PlainManifests.files)
    func `all selectors match F2S's pods, and all Services name ports of the pods`(_ file: String) throws {
        let manifests = try PlainManifests(file)
        let labels = manifests.pod?["metadata", "labels"]
        var selectors = manifests.all("Service").map { $0["spec", "selector"] }
        selectors.append(manifests.one("Deployment", "f2s")?["spec", "selector", "matchLabels"])
        selectors.append(manifests.one("PodDisruptionBudget", "f2s")?["spec", "selector", "matchLabels"])
        selectors.append(manifests.one("NetworkPolicy", "f2s")?["spec", "podSelector", "matchLabels"])
        let from = manifests.one("NetworkPolicy", "f2s-functions")?["spec", "ingress"]?.elements.first?["from"]
        selectors.append(from?.elements.first?["podSelector", "matchLabels"])
        for selector in selectors {
            #expect(try #require(selector).fields.count == 2)
            #expect(try #require(selector).isPart(of: labels))
        }
        let ports = Dictionary(
            uniqueKeysWithValues: (manifests.container?["ports"]?.elements ?? []).map {
                ($0["name"]?.text ?? "", $0["containerPort"]?.text ?? "")
            })
        #expect(ports == ["http": "8080", "operations": "8081", "internal": "8082", "management": "8083"])
        for service in manifests.all("Service") {
            for port in service["spec", "ports"]?.elements ?? [] {
                let target = try #require(port["targetPort"]?.text)
                // The management Service keeps the port that it had in F2S 0.5.
                #expect(target == "management" ? port["port"]?.text == "8080" : ports[target] == port["port"]?.text)
            }
        }
        let allowed = manifests.one("NetworkPolicy", "f2s")?["spec", "ingress"]?.elements ?? []
        #expect(allowed.compactMap { $0["ports"]?.elements.first?["port"]?.text }.sorted() == ports.values.sorted())
    }

    @Test(arguments: PlainManifests.files)
    func `the management API is reachable within the cluster only, and not from functions`(_ file: String) throws {
        let manifests = try PlainManifests(file)
        let arguments = manifests.container?["args"]?.texts ?? []
        #expect(arguments.contains("--management=0.0.0.0:8083"))
        let service = try #require(manifests.one("Service", "f2s-api")?["spec"])
        #expect(service["type"]?.text == "ClusterIP")
        #expect(service["ports"]?.elements.map { $0["targetPort"]?.text } == ["management"])
        let open = manifests.one("Service", "f2s")?["spec", "ports"]?.elements.map { $0["targetPort"]?.text }
        #expect(open == ["http"])
        let rules = manifests.one("NetworkPolicy", "f2s")?["spec", "ingress"]?.elements ?? []
        let rule = try #require(rules.first { $0["ports"]?.elements.first?["port"]?.text == "8083" })
        let from = try #require(rule["from"]?.elements.first?["namespaceSelector", "matchExpressions"]?.elements.first)
        #expect(from["operator"]?.text == "NotIn")
        #expect(from["values"]?.texts == ["f2s-containers"])
        let namespace = manifests.one("Namespace", "f2s-containers")?["metadata", "labels", from["key"]?.text ?? ""]
        #expect(namespace?.text == "f2s-containers")
    }

    @Test(arguments: PlainManifests.files)
    func `callers are authenticated, and F2S issues a first token that has every privilege`(_ file: String) throws {
        let manifests = try PlainManifests(file)
        let arguments = manifests.container?["args"]?.texts ?? []
        #expect(!arguments.contains("--allow-unauthenticated"))
        #expect(arguments.contains("--initial-token-group=admins"))
        let auth = try #require(try manifests.settings()?["f2s", "auth"])
        #expect(auth["types"]?.texts == ["token", "oidc"])
        let grants = auth["authorization"]?.elements ?? []
        #expect(grants.map { $0["group"]?.text } == ["admins"])
        #expect(Set(grants.first?["privileges"]?.texts ?? []) == Set(Privilege.allCases.map(\.rawValue)))
        // The issuer of the cluster is read in this token.
        let volume = manifests.pod?["spec", "volumes"]?.elements.first { $0["name"]?.text == "identity" }
        let token = volume?["projected", "sources"]?.elements.first?["serviceAccountToken"]
        #expect(token?["audience"]?.text == "f2s" && token?["path"]?.text == "token")
        let mounts = manifests.container?["volumeMounts"]?.elements ?? []
        #expect(mounts.contains { $0["mountPath"]?.text == "/var/run/secrets/f2s" && $0["name"]?.text == "identity" })
    }

    @Test(arguments: PlainManifests.files)
    func `a changed setting reaches a running pod`(_ file: String) throws {
        let manifests = try PlainManifests(file)
        let mounts = manifests.container?["volumeMounts"]?.elements ?? []
        let config = try #require(mounts.first { $0["mountPath"]?.text == "/etc/f2s" })
        #expect(config["subPath"] == nil)
        #expect(manifests.container?["args"]?.texts.contains("--config=/etc/f2s/config.yaml") == true)
    }
}
