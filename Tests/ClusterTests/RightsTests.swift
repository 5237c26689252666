import ProcessSupport
import Testing

extension ClusterSerial {
    /// The rights of F2S's service account (must hold 8).
    @Suite struct Rights {
        /// The rights of the service account by namespace, without those that all accounts have. The other tests show
        /// that F2S works with these rights. The name in parentheses is the only object that a right applies to.
        private static let byNamespace: [String: Set<String>] = [
            "f2s": [
                "functions.f2s.opensight.ch: create delete get list update watch",
                "functions.f2s.opensight.ch/status: patch",
                "pods: list watch",
                "leases.coordination.k8s.io: create list watch",
                "leases.coordination.k8s.io(f2s-leader): update",
                "services(f2s-internal): get",
                "secrets(f2s-internal): get list update watch", "secrets(f2s-tokens): get list update watch",
                "secrets(f2s-initial-token): get update",
                "secrets: create",
                "configmaps(f2s-config): get list patch watch",
                "events: create patch",
            ],
            "f2s-containers": [
                "deployments.apps: create delete get list patch watch",
                "services: create delete get list patch watch",
                "configmaps: create delete get list patch watch",
                "serviceaccounts: create delete get list patch watch",
                "pods: delete list watch",
                "pods/log: get",
                "replicasets.apps: delete list",
            ],
            "default": [],
            "kube-system": [],
        ]

        static let granted = byNamespace.mapValues { $0.union(everywhere) }

        /// The rights in all namespaces, for Functions that no installation serves.
        private static let everywhere: Set<String> = [
            "functions.f2s.opensight.ch: list watch", "events: create",
        ]

        @Test(arguments: granted.keys.sorted())
        func `F2S has exactly the rights that it needs`(namespace: String) throws {
            let f2s = try F2SInstallation.current
            let own = try Self.list("system:serviceaccount:f2s:f2s", in: namespace, f2s)
            // A service account without any Role has the rights that all accounts have.
            let everybody = try Self.list("system:serviceaccount:f2s:nobody", in: namespace, f2s)
            let rights = own.subtracting(everybody)
            report(8, "rights in \(namespace): \(rights.sorted().joined(separator: ", "))")
            // If a Role grants more verbs on the same resource, kubectl prints them all in one line.
            let expected = Self.granted[namespace, default: []].filter { right in
                !Self.everywhere.contains(right)
                    || Self.granted[namespace, default: []].allSatisfy { other in
                        other == right || !other.hasPrefix(right.prefix { $0 != ":" } + ":")
                    }
            }
            #expect(rights == expected)
        }

        private static func list(
            _ account: String, in namespace: String, _ f2s: F2SInstallation
        ) throws -> Set<String> {
            let text = try f2s.kubectl(
                "auth", "can-i", "--list", "--no-headers", "--as=\(account)", "--as-group=system:serviceaccounts",
                "--as-group=system:authenticated", "--namespace=\(namespace)")
            let rows = text.split(separator: "\n").map { line in
                // The columns are resources, non-resource URLs, names of objects, and verbs. The last three are in
                // brackets.
                let cells = line.split(separator: "[", omittingEmptySubsequences: false).map {
                    Set(String($0.prefix { $0 != "]" }).split(separator: " ")).sorted().joined(separator: " ")
                }
                guard cells.count == 4 else { return "unreadable: \(line)" }
                let what = cells[0].isEmpty ? cells[1] : cells[0]
                return "\(what)\(cells[2].isEmpty ? "" : "(\(cells[2]))"): \(cells[3])"
            }
            return Set(rows)
        }
    }
}
