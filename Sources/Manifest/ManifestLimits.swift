/// Limits for reading a text from an untrusted source.
public struct ManifestLimits: Sendable, Hashable {
    /// The maximum size of a text, in bytes. A longer text is rejected before it is read.
    public var bytesMax = 1 << 20
    /// The maximum number of documents in a text.
    public var documentsMax = 5000
    /// The maximum number of values in a text, counted by the commas, colons, brackets, dashes and line ends that
    /// separate them.
    public var valuesMax = 200_000
    /// The maximum nesting depth of mappings and sequences.
    public var depthMax = 32
    /// The maximum number of rejections for one text. Further ones are only counted.
    public var rejectionsMax = 100

    /// Creates limits with the defaults.
    public init() {}
}
