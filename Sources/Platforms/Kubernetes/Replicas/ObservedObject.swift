import F2SModel

/// A Deployment or a Service of F2S's own, as the watch shows it: who it is, and what F2S must be able to compare.
///
/// A class, because a mirror of hundreds of them is copied with every event.
final class ObservedObject: StatefulItem {
    /// `metadata.name`.
    let name: String
    /// `metadata.uid`.
    let uid: String
    /// `metadata.generation`; 0 for kinds that have none.
    let generation: Int
    /// `metadata.resourceVersion`.
    let resourceVersion: String?
    /// Whose it is, by its label or, where somebody has taken that away, by its selector; `nil`: no function's.
    let function: Function.ID?
    /// Name of that function, by its label; `nil`: somebody has taken it away.
    let functionName: String?
    /// Namespace of the Function resource that it is marked with, if it is marked as F2S's.
    let functionNamespace: String?
    /// What its pod template keeps; `nil` for kinds that have none.
    let kept: WorkloadManifest.Kept?
    /// Why the cluster refuses to create its pods (`ReplicaFailure`).
    let refusal: Complaint?
    /// Hash of the fields that F2S applies.
    let digest: String

    /// One word for programs and a sentence for people.
    struct Complaint: Sendable, Hashable, Decodable {
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
        kept = Self.kept(tree["spec"]?["template"])
        refusal = Self.refusal(tree["status"]?["conditions"])
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
            graceSeconds: spec["terminationGracePeriodSeconds"]?.integerValue ?? 30)
    }

    private static func refusal(_ conditions: JSONValue?) -> Complaint? {
        guard case .array(let conditions)? = conditions else { return nil }
        let found = conditions.first { $0["type"]?.text == "ReplicaFailure" && $0["status"]?.text == "True" }
        return found.map {
            Complaint(reason: $0["reason"]?.text ?? "ReplicaFailure", message: $0["message"]?.text ?? "")
        }
    }
}
