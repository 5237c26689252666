import F2SManifest
import F2SModel

/// A custom resource `functions.f2s.opensight.ch`. It is read by the manifest reader, so that defaults, normalisation
/// and rejections are the same on every platform. It keeps the declaration and not the JSON tree.
///
/// It is a class because a mirror of hundreds of resources is copied with every event.
final class FunctionResource: StatefulItem {
    /// The declaration of a resource, or the errors in it.
    enum Reading: Sendable, Hashable {
        /// A valid declaration.
        case declared(FunctionDraft)
        /// An invalid declaration with its errors, at least one.
        case refused([String])
    }

    /// `metadata.name`.
    let name: String
    /// `metadata.namespace`.
    let namespace: String
    /// `metadata.uid`.
    let uid: String
    /// `metadata.resourceVersion`, which changes with every write.
    let resourceVersion: String
    /// `metadata.generation`, which grows only with changes of `spec` and `target`.
    let generation: Int
    /// `metadata.creationTimestamp`.
    let created: Timestamp
    /// The value of the annotation ``restartAnnotation``.
    let restartedAt: String?
    /// The last change of the declaration, if F2S has made it.
    let lastEdit: Function.Edit?
    /// True if the resource is being deleted and exists only because of finalizers of other controllers.
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

    /// The annotation that requests a restart with each new value, as `kubectl.kubernetes.io/restartedAt` does for a
    /// Deployment.
    static let restartAnnotation = "f2s.opensight.ch/restartedAt"

    /// The annotation with the name of the caller who has changed the resource last by F2S.
    static let changedByAnnotation = "f2s.opensight.ch/changed-by"

    /// Decodes an object of the API.
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
        lastEdit = ResourceEdit.edit(in: metadata.annotations?[ResourceEdit.annotation], of: generation)
        isDeleting = metadata.deletionTimestamp != nil
        reading = Self.read(
            name: name, namespace: namespace,
            metadata: FunctionMetadata(labels: metadata.labels ?? [:], annotations: metadata.annotations ?? [:]),
            spec: try container.decodeIfPresent(JSONValue.self, forKey: .spec),
            target: try container.decodeIfPresent(JSONValue.self, forKey: .target))
        // The function is served even if its status was edited by hand and cannot be decoded.
        status = (try? container.decode(FunctionStatusDocument.self, forKey: .status)) ?? FunctionStatusDocument()
    }

    /// Creates the newer state of a resource, which shares an unchanged declaration with the known state. Most changes
    /// affect only the status, which F2S itself writes.
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
        lastEdit = resource.lastEdit
        isDeleting = resource.isDeleting
        reading = known.reading
        status = resource.status
    }

    /// The identity of the function, stable for the life of the resource.
    var id: Function.ID { Function.ID(uid) }

    /// The stored version, for If-Match. It does not include ``resourceVersion``, because every status that F2S writes
    /// changes that version, and an edit that began before such a write would fail.
    var storeRevision: StoreRevision { StoreRevision("\(generation)-\(uid.prefix(8))") }

    /// The origin of the declaration.
    var origin: Function.Origin {
        Function.Origin(
            location: location, carriesMetadata: true, isWritable: true, restartedAt: restartedAt, lastEdit: lastEdit)
    }

    /// The location of the resource in rejections.
    var location: String { "\(namespace)/\(name)" }

    /// Reads a declaration from the parts of a resource, with the manifest reader.
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
        let contents = ManifestReader().read(JSONValue.object(document).node, location: name)
        if let found = contents.documents.first { return .declared(found.draft) }
        // Lines and columns are left out, because they refer to a text that does not exist.
        let errors = contents.rejections.map(\.message)
        return .refused(errors.isEmpty ? ["It declares nothing."] : errors)
    }
}
