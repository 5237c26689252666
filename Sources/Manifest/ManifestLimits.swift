/// Bounds of what is read from a text that a stranger may have written.
public struct ManifestLimits: Sendable, Hashable {
    /// Bytes of a text; a longer one is refused before it is looked at.
    public var bytesMax = 1 << 20
    /// Documents of a text.
    public var documentsMax = 5000
    /// Values of a text, counted by the commas, colons, brackets, dashes and line ends that part them.
    public var valuesMax = 200_000
    /// How deep mappings and sequences may stand in each other.
    public var depthMax = 32
    /// Complaints that one text gets; the rest is counted.
    public var complaintsMax = 100

    /// The defaults.
    public init() {}
}
