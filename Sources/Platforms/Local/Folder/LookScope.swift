/// The part of the folder that a look is about.
enum LookScope: Sendable, Hashable {
    /// The folder and everything below it.
    case everything
    /// These files, by absolute path: the kernel has told of nothing else.
    case files(Set<String>)

    /// Adds another part.
    mutating func add(_ other: LookScope) {
        if case .files(let own) = self, case .files(let more) = other {
            self = .files(own.union(more))
        } else {
            self = .everything
        }
    }
}
