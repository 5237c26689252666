/// The version of this program.
enum F2SVersion {
    /// The semantic version.
    static let current = "0.1.0"
}
