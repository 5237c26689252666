/// A function as the store holds it: the user's declaration, its origin and its status.
///
/// The value is the same on every platform. Kubernetes stores it as the custom resource
/// `functions.f2s.opensight.ch/v1alpha1`, Local as a manifest file. Copies share the large parts: a copy costs 72
/// bytes.
public struct Function: Sendable, Hashable, Identifiable {
    /// Stable identity. Kubernetes: the resource's UID. Local: derived from the manifest's name.
    public struct ID: Sendable, Hashable, Comparable, CustomStringConvertible {
        /// Opaque text.
        public let text: String
        /// Wraps the platform's identifier.
        public init(_ text: String) { self.text = text }
        /// The text itself.
        public var description: String { text }
        /// Compares the texts alphabetically.
        public static func < (left: ID, right: ID) -> Bool { left.text < right.text }
    }

    /// Stable identity.
    public let id: ID
    /// The user's declaration.
    public let draft: FunctionDraft
    /// The number of the declaration, which grows by one with every change of `draft` (`metadata.generation`).
    public let generation: Int
    /// The stored version. A write that names an older version fails, so two editors cannot overwrite each other (ETag,
    /// `metadata.resourceVersion`).
    public let storeRevision: StoreRevision
    /// The order in which the store first saw the functions. If two functions have the same route, the one with the
    /// smaller age keeps it.
    public let age: UInt64
    /// The location of the declaration.
    @Boxed public private(set) var origin: Origin
    /// The state of the function as F2S observes it.
    @Boxed public var status: FunctionStatus

    /// The location of a declaration.
    public struct Origin: Sendable, Hashable {
        /// The path of the manifest file relative to its folder, or the custom resource.
        public let location: String
        /// The line of the document in that file, from 1; `nil` for a custom resource.
        public let line: Int?
        /// The folder against which relative paths in `command` are resolved; `nil` on Kubernetes.
        public let workingFolder: String?
        /// True if replicas carry the labels and annotations of the declaration. On Kubernetes, pods do.
        public let carriesMetadata: Bool
        /// True if the REST API may rewrite the declaration. F2S does not rewrite files that a user wrote by hand.
        public let isWritable: Bool
        /// A text that changes with each requested restart; `nil` if none was requested. On Kubernetes it is the
        /// annotation `f2s.opensight.ch/restartedAt`. Local does not persist it, because all replicas end with F2S.
        public let restartedAt: String?
        /// The last change of the declaration; `nil` if the store does not know it.
        public let lastEdit: Edit?

        /// Creates an origin.
        public init(
            location: String, line: Int? = nil, workingFolder: String? = nil, carriesMetadata: Bool = false,
            isWritable: Bool, restartedAt: String? = nil, lastEdit: Edit? = nil
        ) {
            self.location = location
            self.line = line
            self.workingFolder = workingFolder
            self.carriesMetadata = carriesMetadata
            self.isWritable = isWritable
            self.restartedAt = restartedAt
            self.lastEdit = lastEdit
        }
    }

    /// One change of a declaration.
    public struct Edit: Sendable, Hashable {
        /// The time of the change, in seconds since 1970.
        public let time: Double
        /// The name of the caller, or of the program that has changed the declaration without F2S; `nil` if it is not
        /// known.
        public let user: String?

        /// Creates a change.
        public init(time: Double, user: String?) {
            self.time = time
            self.user = user
        }
    }

    /// Creates a stored function. Only stores call this.
    public init(
        id: ID, draft: FunctionDraft, generation: Int, storeRevision: StoreRevision, age: UInt64, origin: Origin,
        status: FunctionStatus = FunctionStatus()
    ) {
        self.id = id
        self.draft = draft
        self.generation = generation
        self.storeRevision = storeRevision
        self.age = age
        self.origin = origin
        _status = status == FunctionStatus() ? Self.unknown : Boxed(wrappedValue: status)
    }

    /// The status of every function without an observed status, in memory only once.
    private static let unknown = Boxed(wrappedValue: FunctionStatus())

    /// `metadata.name`.
    public var name: FunctionName { draft.name }
    /// The public path below `/invoke`.
    public var route: Route { draft.route }
    /// The only method that the function answers; `nil` if it answers any.
    public var method: Method? { draft.method }
    /// The program or image that runs the function.
    public var target: Target { draft.target }
    /// Returns true if both functions declare the same and request the same replicas. The file and line of the
    /// declaration may differ.
    public func isDeclared(like other: Function) -> Bool {
        draft == other.draft && origin.workingFolder == other.origin.workingFolder
            && origin.restartedAt == other.origin.restartedAt
    }

    /// Returns true if the functions differ in nothing but their status and store revision.
    func isStored(like other: Function) -> Bool {
        generation == other.generation && age == other.age && _origin == other._origin && draft == other.draft
    }

    /// The revision from which a replica must have been started to be current.
    public var revision: Revision {
        Revision(
            of: draft.target, in: origin.workingFolder, restartedAt: origin.restartedAt,
            carrying: origin.carriesMetadata ? draft.metadata : .none)
    }
}

/// A store's version of one function. Equal versions mean an unchanged function. The text is opaque.
public struct StoreRevision: Sendable, Hashable, CustomStringConvertible {
    /// An opaque text that is valid in an ETag: it contains no quotes and no spaces.
    public let text: String
    /// Wraps the version that the store uses.
    public init(_ text: String) { self.text = text }
    /// The text itself.
    public var description: String { text }
}
