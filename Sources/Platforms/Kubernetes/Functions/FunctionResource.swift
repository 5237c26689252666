import F2SManifest
import F2SModel

/// A custom resource `functions.f2s.opensight.ch`, read as a manifest is, so that defaults, what is normalised and what
/// is refused are the same on every platform. Only what F2S needs of it is kept: a declaration and not a tree.
///
/// A class, because a mirror of hundreds of them is copied with every event.
final class FunctionResource: StatefulItem {
    /// What the resource declares, or why it does not.
    enum Reading: Sendable, Hashable {
        /// A function.
        case declared(FunctionDraft)
        /// Complaints, at least one.
        case refused([String])
    }

    /// `metadata.name`.
    let name: String
    /// `metadata.namespace`.
    let namespace: String
    /// `metadata.uid`.
    let uid: String
    /// `metadata.resourceVersion`: changes with every write.
    let resourceVersion: String
    /// `metadata.generation`: grows with every change of `spec` and `target`, and with no other.
    let generation: Int
    /// `metadata.creationTimestamp`.
    let created: Timestamp
    /// The annotation ``restartAnnotation``.
    let restartedAt: String?
    /// Whether somebody is deleting it: what is left of it are other people's finalizers.
    let isDeleting: Bool
    /// `spec` and `target`.
    let reading: Reading
    /// `status`.
    let status: FunctionStatusDocument

    var objectState: ObjectState? { ObjectState(uid: uid, resourceVersion: resourceVersion) }

    private enum Key: String, CodingKey {
        case metadata, spec, target, status
    }

    private struct Metadata: Decodable {
        let name: String
        let namespace: String?
        let uid: String
        let resourceVersion: String?
        let generation: Int?
        let labels: [String: String]?
        let annotations: [String: String]?
        let creationTimestamp: Timestamp?
        let deletionTimestamp: Timestamp?
    }

    /// Annotation whose every new text asks for a restart, as `kubectl.kubernetes.io/restartedAt` does of a Deployment.
    static let restartAnnotation = "f2s.opensight.ch/restartedAt"

    /// Reads an object of the API.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let metadata = try container.decode(Metadata.self, forKey: .metadata)
        name = metadata.name
        namespace = metadata.namespace ?? FunctionDraft.namespaceDefault
        uid = metadata.uid
        resourceVersion = metadata.resourceVersion ?? ""
        generation = metadata.generation ?? 1
        created = metadata.creationTimestamp ?? Timestamp(seconds: 0)
        restartedAt = metadata.annotations?[Self.restartAnnotation]
        isDeleting = metadata.deletionTimestamp != nil
        reading = Self.read(
            name: name, namespace: namespace,
            metadata: FunctionMetadata(labels: metadata.labels ?? [:], annotations: metadata.annotations ?? [:]),
            spec: try container.decodeIfPresent(JSONValue.self, forKey: .spec),
            target: try container.decodeIfPresent(JSONValue.self, forKey: .target))
        // A status that somebody has written by hand is no reason not to serve the function.
        status = (try? container.decode(FunctionStatusDocument.self, forKey: .status)) ?? FunctionStatusDocument()
    }

    /// The newer state of a resource with the declaration of the older one, where that is the same: most changes are of
    /// the status, which F2S itself writes.
    convenience init(_ newer: FunctionResource, sharing known: FunctionResource) {
        self.init(newer, declaredIn: newer.reading == known.reading && newer.uid == known.uid ? known : newer)
    }

    private init(_ resource: FunctionResource, declaredIn known: FunctionResource) {
        name = known.name
        namespace = known.namespace
        uid = known.uid
        resourceVersion = resource.resourceVersion
        generation = resource.generation
        created = resource.created
        restartedAt = resource.restartedAt
        isDeleting = resource.isDeleting
        reading = known.reading
        status = resource.status
    }

    /// Who it is; stable for its life.
    var id: Function.ID { Function.ID(uid) }

    /// The stored version, for If-Match. Of the resource's own version it is no part: that changes with every status
    /// that F2S writes, and would throw out an editor who has read the function a second before.
    var storeRevision: StoreRevision { StoreRevision("\(generation)-\(uid.prefix(8))") }

    /// Where it is declared.
    var origin: Function.Origin {
        Function.Origin(place: place, carriesMetadata: true, isWritable: true, restartedAt: restartedAt)
    }

    /// Where refusals say that it is.
    var place: String { "\(namespace)/\(name)" }

    /// Reads a declaration from the resource's own parts, by the reader of manifests.
    static func read(
        name: String, namespace: String, metadata: FunctionMetadata = .none, spec: JSONValue?, target: JSONValue?
    ) -> Reading {
        var document: [String: JSONValue] = [
            "apiVersion": .string(ResourceType.functions.apiVersion), "kind": .string(ResourceType.functions.kind),
            "metadata": [
                "name": .string(name), "namespace": .string(namespace),
                "labels": .object(metadata.labels.mapValues { .string($0) }),
                "annotations": .object(metadata.annotations.mapValues { .string($0) }),
            ],
        ]
        document["spec"] = spec
        document["target"] = target
        let contents = ManifestReader().read(JSONValue.object(document).node, place: name)
        if let found = contents.documents.first { return .declared(found.draft) }
        // Lines and columns are those of a text that nobody has written.
        let complaints = contents.refusals.map(\.message)
        return .refused(complaints.isEmpty ? ["It declares nothing."] : complaints)
    }
}
