/// What a user has declared and a store has kept: where a function is reached and what runs it.
///
/// The value is the same on every platform. Kubernetes keeps it as custom resource
/// `functions.f2s.opensight.ch/v1alpha1`, Local as a manifest file. Copies share what is large: a copy costs 72 bytes.
public struct Function: Sendable, Hashable, Identifiable {
    /// Stable identity. Kubernetes: the resource's UID. Local: derived from the manifest's name.
    public struct ID: Sendable, Hashable, Comparable, CustomStringConvertible {
        /// Opaque text.
        public let text: String
        /// Wraps the platform's identifier.
        public init(_ text: String) { self.text = text }
        /// The text itself.
        public var description: String { text }
        /// Alphabetical.
        public static func < (left: ID, right: ID) -> Bool { left.text < right.text }
    }

    /// Stable identity.
    public let id: ID
    /// What the user has written.
    public let draft: FunctionDraft
    /// Grows by one with every change of `draft` (`metadata.generation`).
    public let generation: Int
    /// The stored version; two editors cannot overwrite each other by it (ETag, `metadata.resourceVersion`).
    public let storeRevision: StoreRevision
    /// Order of first sight: of two functions with one route the smaller keeps it.
    public let age: UInt64
    /// Where it is declared.
    @Boxed public private(set) var origin: Origin
    /// What F2S has found out about it.
    @Boxed public var status: FunctionStatus

    /// Where a function is declared.
    public struct Origin: Sendable, Hashable {
        /// File of the manifest relative to its folder, or the custom resource.
        public let place: String
        /// Line of the document in that file, from 1; `nil` where there are no lines.
        public let line: Int?
        /// Folder that relative paths of `command` mean; `nil` on Kubernetes.
        public let workingFolder: String?
        /// True if replicas carry the labels and annotations of the declaration, as pods do.
        public let carriesMetadata: Bool
        /// Whether REST may rewrite it. A file that somebody wrote by hand is theirs.
        public let isWritable: Bool
        /// Another text with each restart that was asked for; `nil`: none was. Kubernetes: the annotation
        /// `f2s.opensight.ch/restartedAt`. Local forgets it when F2S ends, as all replicas end then.
        public let restartedAt: String?

        /// An origin.
        public init(
            place: String, line: Int? = nil, workingFolder: String? = nil, carriesMetadata: Bool = false,
            isWritable: Bool, restartedAt: String? = nil
        ) {
            self.place = place
            self.line = line
            self.workingFolder = workingFolder
            self.carriesMetadata = carriesMetadata
            self.isWritable = isWritable
            self.restartedAt = restartedAt
        }
    }

    /// A stored function; only stores create it.
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

    /// The status of every function that nobody has looked at yet, in memory once.
    private static let unknown = Boxed(wrappedValue: FunctionStatus())

    /// `metadata.name`.
    public var name: FunctionName { draft.name }
    /// Public path below `/invoke`.
    public var route: Route { draft.route }
    /// The only method answered; `nil`: any.
    public var method: Method? { draft.method }
    /// What runs it.
    public var target: Target { draft.target }
    /// Returns whether both declare the same and ask for the same replicas; the file and line of the declaration may
    /// differ.
    public func isDeclared(like other: Function) -> Bool {
        draft == other.draft && origin.workingFolder == other.origin.workingFolder
            && origin.restartedAt == other.origin.restartedAt
    }

    /// Returns whether both are the same in everything but what a written status changes.
    func isStored(like other: Function) -> Bool {
        generation == other.generation && age == other.age && _origin == other._origin && draft == other.draft
    }

    /// What a replica must have been started from to be current.
    public var revision: Revision {
        Revision(
            of: draft.target, in: origin.workingFolder, restartedAt: origin.restartedAt,
            carrying: origin.carriesMetadata ? draft.metadata : .none)
    }
}

/// A store's version of one function: equal means unchanged. Opaque.
public struct StoreRevision: Sendable, Hashable, CustomStringConvertible {
    /// Opaque text, fit for an ETag: no quotes, no spaces.
    public let text: String
    /// Wraps the store's own version.
    public init(_ text: String) { self.text = text }
    /// The text itself.
    public var description: String { text }
}
