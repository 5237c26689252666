import F2SModel

/// One of F2S's own Deployments or Services, as the watch shows it: its identity, and the values that F2S compares.
///
/// A class, because each event copies a mirror of hundreds of them.
final class ObservedObject: StatefulItem {
    /// `metadata.name`.
    let name: String
    /// `metadata.uid`.
    let uid: String
    /// `metadata.generation`; 0 for kinds that have none.
    let generation: Int
    /// `metadata.resourceVersion`.
    let resourceVersion: String?
    /// The function that it belongs to, by its label or, if a client has removed that, by its selector; `nil` if it
    /// belongs to no function.
    let function: Function.ID?
    /// Name of that function, by its label; `nil` if a client has removed the label.
    let functionName: String?
    /// Namespace of the Function resource, by its label; `nil` unless the object is labelled as managed by F2S.
    let functionNamespace: String?
    /// `spec.replicas`; 0 for kinds that have none.
    let replicas: Int
    /// The parts of its pod template that are kept; `nil` for kinds that have no template.
    let kept: WorkloadManifest.Kept?
    /// The reason why the cluster refuses to create its pods (condition `ReplicaFailure`).
    let replicaFailure: Cause?
    /// Hash of the fields that F2S applies; see ``AppliedFields``.
    let digest: String

    /// A reason for programs, and a sentence for people.
    struct Cause: Sendable, Hashable, Decodable {
        let reason: String
        let message: String
    }

    var objectState: ObjectState? { resourceVersion.map { ObjectState(uid: uid, resourceVersion: $0) } }

    /// Reads an object of the API.
    convenience init(from decoder: any Decoder) throws { try self.init(JSONValue(from: decoder)) }

    /// Reads an object of the API.
    init(_ tree: JSONValue) throws {
        let metadata = tree["metadata"]
        guard let name = metadata?["name"]?.text, let uid = metadata?["uid"]?.text else {
            throw KubernetesError.malformed("an object without name and UID")
        }
        let labels = metadata?["labels"]
        self.name = name
        self.uid = uid
        generation = metadata?["generation"]?.integerValue ?? 0
        resourceVersion = metadata?["resourceVersion"]?.text
        let selector = tree["spec"]?["selector"]
        let owner =
            labels?[ObjectLabel.function]?.text ?? selector?["matchLabels"]?[ObjectLabel.function]?.text
            ?? selector?[ObjectLabel.function]?.text
        function = owner.map { Function.ID($0) }
        functionName = labels?[ObjectLabel.name]?.text
        let isManaged = labels?[ObjectLabel.managedBy]?.text == ObjectLabel.manager
        functionNamespace = isManaged ? labels?[ObjectLabel.functionNamespace]?.text : nil
        replicas = tree["spec"]?["replicas"]?.integerValue ?? 0
        kept = Self.kept(tree["spec"]?["template"])
        replicaFailure = Self.replicaFailure(tree["status"]?["conditions"])
        digest = AppliedFields.digest(of: tree)
    }

    private static func kept(_ template: JSONValue?) -> WorkloadManifest.Kept? {
        guard let template, let spec = template["spec"] else { return nil }
        let hook = spec["containers"]?[0]?["lifecycle"]?["preStop"]?["httpGet"]
        var address: Replica.Address?
        if let host = hook?["host"]?.text, let port = hook?["port"]?.integerValue {
            address = Replica.Address(ip: host, port: port)
        }
        return WorkloadManifest.Kept(
            revision: template["metadata"]?["labels"]?[ObjectLabel.revision]?.text ?? "", drainAddress: address,
            graceSeconds: spec["terminationGracePeriodSeconds"]?.integerValue ?? 30,
            image: spec["containers"]?[0]?["image"]?.text)
    }

    private static func replicaFailure(_ conditions: JSONValue?) -> Cause? {
        guard case .array(let conditions)? = conditions else { return nil }
        let found = conditions.first { $0["type"]?.text == "ReplicaFailure" && $0["status"]?.text == "True" }
        return found.map {
            Cause(reason: $0["reason"]?.text ?? "ReplicaFailure", message: $0["message"]?.text ?? "")
        }
    }
}
