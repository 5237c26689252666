import F2SModel

/// The objects of a Secret that F2S writes for a function. Pure: the same arguments give the same manifests.
///
/// F2S may not read Secrets. So a ConfigMap with the same name and the labels of the function records the UID of the
/// Secret. It also owns the Secret: when F2S deletes the ConfigMap together with the function, the cluster's garbage
/// collector deletes the Secret.
struct FunctionSecretManifest: Sendable {
    /// Annotation of the record: the UID of the Secret that F2S has written last.
    static let uidAnnotation = "f2s.opensight.ch/secret-uid"

    let name: FunctionSecretName
    let function: Function
    /// Namespace of the objects.
    let namespace: String
    /// Namespace of the Function resources.
    let functionNamespace: String

    /// The `v1` ConfigMap that records the Secret.
    var record: JSONValue {
        [
            "apiVersion": .string(ResourceType.configMaps.apiVersion), "kind": .string(ResourceType.configMaps.kind),
            "metadata": .object(metadata),
        ]
    }

    /// Returns the `v1` Secret.
    /// - Parameters:
    ///   - record: UID of the ConfigMap.
    ///   - uid: UID of the Secret to replace: the API server rejects the write if another Secret has the name by now.
    ///     `nil` for a new Secret.
    func secret(_ values: [String: Secret], record: String, replacing uid: String?) -> JSONValue {
        var metadata = metadata
        metadata["ownerReferences"] = [
            [
                "apiVersion": .string(ResourceType.configMaps.apiVersion),
                "kind": .string(ResourceType.configMaps.kind), "name": .string(name.objectName),
                "uid": .string(record),
            ]
        ]
        if let uid { metadata["uid"] = .string(uid) }
        return [
            "apiVersion": .string(ResourceType.secrets.apiVersion), "kind": .string(ResourceType.secrets.kind),
            "metadata": .object(metadata), "type": "Opaque",
            "stringData": .object(values.mapValues { .string($0.revealed) }),
        ]
    }

    /// Returns true if an existing ConfigMap is the record of a Secret of this function.
    func owns(_ record: JSONValue) -> Bool {
        let labels = record["metadata"]?["labels"]
        return labels?[ObjectLabel.managedBy]?.text == ObjectLabel.manager
            && labels?[ObjectLabel.function]?.text == function.id.text
    }

    /// Returns true if a ConfigMap of a function is the record of a Secret.
    static func isRecord(_ name: String) -> Bool { FunctionSecretName.owner(of: name) != nil }

    private var metadata: [String: JSONValue] {
        [
            "name": .string(name.objectName), "namespace": .string(namespace),
            "labels": .object(ObjectLabel.labels(of: function, functionNamespace: functionNamespace)),
        ]
    }
}
