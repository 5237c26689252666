import ProcessSupport

/// The restricted Pod Security Standard of Kubernetes 1.33, without its rules about Windows, SELinux and AppArmor.
/// Kubernetes 1.34 added the rule that hooks and probes must not name a host.
enum RestrictedProfile {
    private static let volumes: Set<String> = [
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
    ]

    /// Returns the rules that the specification of a pod violates.
    static func violations(of spec: JSONValue) -> [String] {
        var found = ["hostNetwork", "hostPID", "hostIPC"].filter { spec[$0] == .flag(true) }
        let context = spec["securityContext"]
        if context?["sysctls"]?.list.isEmpty == false { found.append("sysctls") }
        for volume in spec["volumes"]?.list ?? [] {
            guard case .object(let members) = volume else { continue }
            let types = Set(members.keys).subtracting(volumes).subtracting(["name"])
            found += types.sorted().map { "volume of type \($0)" }
        }
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for container in spec[list]?.list ?? [] { found += violations(of: container, inPodWith: context) }
        }
        return found
    }

    private static func violations(of container: JSONValue, inPodWith context: JSONValue?) -> [String] {
        let own = container["securityContext"]
        func inForce(_ field: String) -> JSONValue? { own?[field] ?? context?[field] }
        func texts(_ field: String) -> [String] { (own?["capabilities"]?[field]?.list ?? []).compactMap(\.text) }

        let profiles = ["RuntimeDefault", "Localhost"]
        let rules: [(name: String, isKept: Bool)] = [
            ("privileged", own?["privileged"] != .flag(true)),
            ("allowPrivilegeEscalation", own?["allowPrivilegeEscalation"] == .flag(false)),
            ("capabilities.drop", texts("drop").contains("ALL")),
            ("capabilities.add", texts("add").allSatisfy { $0 == "NET_BIND_SERVICE" }),
            ("runAsNonRoot", inForce("runAsNonRoot") == .flag(true)),
            ("runAsUser", inForce("runAsUser")?.number != 0),
            ("seccompProfile", profiles.contains(inForce("seccompProfile")?["type"]?.text ?? "")),
            ("procMount", ["Default", nil].contains(own?["procMount"]?.text)),
            ("hostPort", (container["ports"]?.list ?? []).allSatisfy { ($0["hostPort"]?.number ?? 0) == 0 }),
        ]
        return rules.filter { !$0.isKept }.map(\.name)
    }
}
