import F2SModel

/// `coordination.k8s.io/v1` Lease: who leads, and the proof that they still do.
struct LeaseRecord: Sendable, Hashable, Decodable {
    /// `metadata.resourceVersion`: a write that names another one is refused.
    var resourceVersion: String
    /// `spec.holderIdentity`; empty: nobody.
    var holder: String
    /// `spec.renewTime` as it is written; only ever compared with itself, because it is another machine's clock.
    var renewTime: String
    /// `spec.acquireTime` as it is written.
    var acquireTime: String
    /// `spec.leaseTransitions`.
    var transitions: Int
    /// `spec.leaseDurationSeconds`: for how long its holder may lead without a change of it.
    var duration: Duration

    private enum Key: String, CodingKey { case metadata, spec }

    private struct Metadata: Decodable { let resourceVersion: String? }

    private struct Spec: Decodable {
        let holderIdentity: String?
        let renewTime: String?
        let acquireTime: String?
        let leaseTransitions: Int?
        let leaseDurationSeconds: Int?
    }

    init(
        resourceVersion: String, holder: String, renewTime: String = "", acquireTime: String = "", transitions: Int = 0,
        duration: Duration = .zero
    ) {
        self.resourceVersion = resourceVersion
        self.holder = holder
        self.renewTime = renewTime
        self.acquireTime = acquireTime
        self.transitions = transitions
        self.duration = duration
    }

    /// Reads an object of the API.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let spec = try container.decodeIfPresent(Spec.self, forKey: .spec)
        self.init(
            resourceVersion: try container.decode(Metadata.self, forKey: .metadata).resourceVersion ?? "",
            holder: spec?.holderIdentity ?? "", renewTime: spec?.renewTime ?? "",
            acquireTime: spec?.acquireTime ?? "", transitions: spec?.leaseTransitions ?? 0,
            duration: .seconds(min(86_400, max(0, spec?.leaseDurationSeconds ?? 0))))
    }

    /// The object to write.
    func manifest(name: String, namespace: String) -> JSONValue {
        var metadata: [String: JSONValue] = [
            "name": .string(name), "namespace": .string(namespace),
            "labels": [ObjectLabel.name: "f2s", ObjectLabel.managedBy: .string(ObjectLabel.manager)],
        ]
        if !resourceVersion.isEmpty { metadata["resourceVersion"] = .string(resourceVersion) }
        var spec: [String: JSONValue] = [
            "holderIdentity": .string(holder),
            "leaseDurationSeconds": .integer(Int64(max(1, duration.inSeconds.rounded(.up)))),
            "leaseTransitions": .integer(Int64(transitions)),
        ]
        if !renewTime.isEmpty { spec["renewTime"] = .string(renewTime) }
        if !acquireTime.isEmpty { spec["acquireTime"] = .string(acquireTime) }
        return [
            "apiVersion": .string(ResourceType.leases.apiVersion), "kind": .string(ResourceType.leases.kind),
            "metadata": .object(metadata), "spec": .object(spec),
        ]
    }
}
