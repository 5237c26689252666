import F2SModel

/// The fields of an object that F2S applies, as one hash: equal means that nobody has changed any of them.
///
/// The API server adds its defaults, and other people their labels; neither is ours to take away, and neither is looked
/// at. A hash instead of the tree, because there are two objects per function.
enum AppliedFields {
    /// Hash of a manifest, or of what the API server tells.
    static func digest(of tree: JSONValue) -> String {
        var hash = StableHash()
        hash.add(String(decoding: (cut(tree, to: shape) ?? .null).encoded(), as: UTF8.self))
        for metadata in [tree["metadata"], tree["spec"]?["template"]?["metadata"]] {
            hash.add(list: carried(metadata))
        }
        return hash.shortText
    }

    /// The value of ``ObjectLabel/carried``: names of labels, then names of annotations. Neither can hold a space.
    static func carriedText(of metadata: FunctionMetadata) -> String {
        let names = [metadata.labels, metadata.annotations].map { $0.keys.sorted().joined(separator: " ") }
        return names.joined(separator: ";")
    }

    /// What an object says that it carries, and the values that it really has.
    private static func carried(_ metadata: JSONValue?) -> [String] {
        guard let text = metadata?["annotations"]?[ObjectLabel.carried]?.text else { return [] }
        let lists = text.split(separator: ";", omittingEmptySubsequences: false)
        return [text]
            + zip(["labels", "annotations"], lists).flatMap { kind, names in
                names.split(separator: " ").map { metadata?[kind]?[String($0)]?.text ?? "" }
            }
    }

    /// What is looked at: `true` stands for a value as it is, a list of one shape for elements that have it, and
    /// ``amounts`` for quantities.
    private static let shape: JSONValue = [
        "metadata": ["labels": labels],
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
        "securityContext": ["seccompProfile": ["type": true]],
        "imagePullSecrets": [["name": true]],
        "containers": [
            [
                "name": true, "image": true, "imagePullPolicy": true, "command": true,
                "ports": [["containerPort": true]],
                "env": [["name": true, "value": true]],
                "envFrom": [["secretRef": ["name": true]]],
                "resources": ["requests": amounts, "limits": amounts],
                "readinessProbe": [
                    "httpGet": ["path": true, "port": true], "tcpSocket": ["port": true], "periodSeconds": true,
                    "timeoutSeconds": true,
                ],
                "securityContext": ["allowPrivilegeEscalation": true],
                "lifecycle": ["preStop": ["httpGet": ["host": true, "port": true, "path": true]]],
            ]
        ],
    ]

    /// The API server writes `0.5` as `500m` and `1024Mi` as `1Gi`.
    private static let amounts: JSONValue = "amounts"

    /// What a tree has of a shape; `nil`: nothing, which an empty list or mapping is too.
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

    /// An amount in thousandths; one in a notation that manifests do not have stays as it is.
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
