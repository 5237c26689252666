import F2SModel

/// A hash of the fields that F2S applies to an object. Equal hashes mean that none of these fields has changed.
///
/// The API server adds defaults, and other clients add labels. F2S does not remove these, so the hash does not include
/// them. A hash needs less memory than the tree, and there are two objects per function.
enum AppliedFields {
    /// Returns the hash of a manifest, or of an object that the API server returned.
    static func digest(of tree: JSONValue) -> String {
        var hash = StableHash()
        hash.add(String(decoding: (cut(tree, to: shape) ?? .null).encoded(), as: UTF8.self))
        for metadata in [tree["metadata"], tree["spec"]?["template"]?["metadata"]] {
            hash.add(list: carried(metadata))
        }
        return hash.shortText
    }

    /// Returns the value of ``ObjectLabel/carried``: the names of labels, then the names of annotations. Neither can
    /// contain a space.
    static func carriedText(of metadata: FunctionMetadata) -> String {
        let names = [metadata.labels, metadata.annotations].map { $0.keys.sorted().joined(separator: " ") }
        return names.joined(separator: ";")
    }

    /// Returns the value of ``ObjectLabel/carried``, and the current values of the labels and annotations that it
    /// names.
    private static func carried(_ metadata: JSONValue?) -> [String] {
        guard let text = metadata?["annotations"]?[ObjectLabel.carried]?.text else { return [] }
        let lists = text.split(separator: ";", omittingEmptySubsequences: false)
        return [text]
            + zip(["labels", "annotations"], lists).flatMap { kind, names in
                names.split(separator: " ").map { metadata?[kind]?[String($0)]?.text ?? "" }
            }
    }

    /// The fields that the hash includes. `true` stands for a value as it is, a list with one shape for elements of
    /// that shape, and ``amounts`` for quantities.
    private static let shape: JSONValue = [
        "metadata": ["labels": labels],
        // Of a ServiceAccount.
        "automountServiceAccountToken": true,
        // Of a ConfigMap.
        "data": true,
        "spec": [
            "replicas": true, "revisionHistoryLimit": true, "selector": true,
            "strategy": ["rollingUpdate": ["maxSurge": true, "maxUnavailable": true]],
            "ports": [["name": true, "protocol": true, "port": true, "targetPort": true]],
            "template": ["metadata": ["labels": labels], "spec": podSpec],
        ],
    ]

    private static let labels: JSONValue = [
        ObjectLabel.name: true, ObjectLabel.component: true, ObjectLabel.managedBy: true, ObjectLabel.function: true,
        ObjectLabel.functionNamespace: true, ObjectLabel.revision: true,
    ]

    private static let podSpec: JSONValue = [
        "enableServiceLinks": true, "automountServiceAccountToken": true, "terminationGracePeriodSeconds": true,
        "securityContext": [
            "seccompProfile": ["type": true], "runAsNonRoot": true, "runAsUser": true, "runAsGroup": true,
        ],
        "imagePullSecrets": [["name": true]],
        "serviceAccountName": true,
        // Without the names, so that volumes which other programs add do not count.
        "volumes": [
            [
                "projected": [
                    "sources": [["serviceAccountToken": ["audience": true, "expirationSeconds": true, "path": true]]]
                ],
                "configMap": ["name": true, "items": [["key": true, "path": true]]],
            ]
        ],
        "containers": [
            [
                "name": true, "image": true, "imagePullPolicy": true, "command": true,
                "workingDir": true,
                "ports": [["containerPort": true]],
                "env": [["name": true, "value": true]],
                // The API server adds no defaults in it, and replaces it only as a whole.
                "envFrom": true,
                "resources": ["requests": amounts, "limits": amounts],
                "readinessProbe": [
                    "httpGet": ["path": true, "port": true], "tcpSocket": ["port": true], "periodSeconds": true,
                    "timeoutSeconds": true,
                ],
                "securityContext": ["allowPrivilegeEscalation": true, "capabilities": ["drop": true]],
                "lifecycle": ["preStop": ["httpGet": ["host": true, "port": true, "path": true]]],
            ]
        ],
    ]

    /// The API server writes `0.5` as `500m` and `1024Mi` as `1Gi`.
    private static let amounts: JSONValue = "amounts"

    /// Returns the part of a tree that has the shape, or `nil` if there is none. An empty list or mapping counts as
    /// none.
    private static func cut(_ tree: JSONValue?, to shape: JSONValue) -> JSONValue? {
        switch (shape, tree) {
        case (.bool, _): return tree
        case (.string, .object(let found)?):
            return .object(found.mapValues { normal($0) })
        case (.object(let shape), .object(let found)?):
            var kept: [String: JSONValue] = [:]
            for (key, part) in shape { kept[key] = cut(found[key], to: part) }
            return kept.isEmpty ? nil : .object(kept)
        case (.array(let shapes), .array(let found)?):
            guard let shape = shapes.first else { return nil }
            let kept = found.compactMap { cut($0, to: shape) }
            return kept.isEmpty ? nil : .array(kept)
        default: return nil
        }
    }

    /// Returns an amount in thousandths. An amount in a notation that F2S's manifests do not use stays as it is.
    private static func normal(_ amount: JSONValue) -> JSONValue {
        let text =
            switch amount {
            case .string(let text): text
            case .integer(let number): "\(number)"
            default: ""
            }
        guard let quantity = try? Quantity(text, field: "resources") else { return amount }
        return .string("\(quantity.thousandths)")
    }
}
