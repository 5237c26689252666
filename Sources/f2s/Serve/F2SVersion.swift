/// The version of this program.
enum F2SVersion {
    /// Semantic version.
    static let current = "0.1.0"
}
