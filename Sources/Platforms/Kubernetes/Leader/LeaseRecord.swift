import F2SModel

/// A Lease (`coordination.k8s.io/v1`): the holder, and the renewals that show that it still leads.
struct LeaseRecord: Sendable, Hashable, Decodable {
    /// `metadata.resourceVersion`. The API server rejects a write that names another version.
    var resourceVersion: String
    /// `spec.holderIdentity`; empty if there is no holder.
    var holder: String
    /// `spec.renewTime` as text. It is only compared for equality, because it comes from another machine's clock.
    var renewTime: String
    /// `spec.acquireTime` as text.
    var acquireTime: String
    /// `spec.leaseTransitions`.
    var transitions: Int
    /// `spec.leaseDurationSeconds`: the time without a change after which another process may acquire the lease.
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

    /// Decodes an object of the API.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let spec = try container.decodeIfPresent(Spec.self, forKey: .spec)
        self.init(
            resourceVersion: try container.decode(Metadata.self, forKey: .metadata).resourceVersion ?? "",
            holder: spec?.holderIdentity ?? "", renewTime: spec?.renewTime ?? "",
            acquireTime: spec?.acquireTime ?? "", transitions: spec?.leaseTransitions ?? 0,
            duration: .seconds(min(86_400, max(0, spec?.leaseDurationSeconds ?? 0))))
    }

    /// Returns the object to write.
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
