/// One declaration in the history of a function.
public struct DeclarationRecord: Sendable, Hashable, Codable {
    /// The number of the declaration (``Function/generation``).
    public let generation: Int
    /// The version of the declaration in its store, by which it is recognized.
    public let storeRevision: String
    /// The revision of the replicas that were started from it.
    public let revision: String
    /// The time of the change, in seconds since 1970; `nil` if it is not known.
    public var changedAt: Double?
    /// The name of the caller or program that has declared it; `nil` if it is not known.
    public var changedBy: String?
    /// True if a replica of it became ready.
    public var hasServed: Bool
    /// The declaration as a manifest.
    public let manifest: String

    /// Creates the record of a function's current declaration.
    /// - Parameter manifest: The declaration as a manifest.
    public init(_ function: Function, edit: Function.Edit?, hasServed: Bool, manifest: String) {
        generation = function.generation
        storeRevision = function.storeRevision.text
        revision = function.revision.text
        changedAt = edit?.time
        changedBy = edit?.user
        self.hasServed = hasServed
        self.manifest = manifest
    }
}
