import ProcessSupport
import Testing

extension ClusterSerial {
    /// Must hold 8.
    @Suite struct Rights {
        /// What the service account may do beyond what everybody may, by namespace. Nothing more, and F2S works with
        /// it, as the other tests show. In parentheses: the only object that a right is for.
        private static let byNamespace: [String: Set<String>] = [
            "f2s": [
                "functions.f2s.opensight.ch: create delete get list update watch",
                "functions.f2s.opensight.ch/status: patch",
                "pods: list watch",
                "leases.coordination.k8s.io: create list watch",
                "leases.coordination.k8s.io(f2s-leader): update",
                "services(f2s-internal): get",
                "secrets(f2s-internal): get list update watch", "secrets: create",
                "configmaps(f2s-config): get list patch watch",
                "events: create patch",
            ],
            "f2s-containers": [
                "deployments.apps: create delete get list patch watch",
                "services: create delete get list patch watch",
                "pods: delete list watch",
                "pods/log: get",
                "replicasets.apps: delete list",
            ],
            "default": [],
            "kube-system": [],
        ]

        static let granted = byNamespace.mapValues { $0.union(everywhere) }

        /// What it may do in every namespace, for Functions that no F2S serves.
        private static let everywhere: Set<String> = [
            "functions.f2s.opensight.ch: list watch", "events: create",
        ]

        @Test(arguments: granted.keys.sorted())
        func `F2S may do what it needs, and nothing else`(namespace: String) throws {
            let f2s = try F2SInstallation.current
            let own = try Self.list("system:serviceaccount:f2s:f2s", in: namespace, f2s)
            // A service account without any right has those of everybody.
            let everybody = try Self.list("system:serviceaccount:f2s:nobody", in: namespace, f2s)
            let rights = own.subtracting(everybody)
            report(8, "rights in \(namespace): \(rights.sorted().joined(separator: ", "))")
            // Where a Role gives more to the same, both are in one line.
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
                // Resources, URLs that are no resources, names of objects, verbs; the last three in brackets.
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
