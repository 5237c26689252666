/// The part of the folder that a scan covers.
enum ScanScope: Sendable, Hashable {
    /// The folder and everything below it.
    case everything
    /// These files, by absolute path, because the kernel has reported changes of no others.
    case files(Set<String>)

    /// Adds another part.
    mutating func add(_ other: ScanScope) {
        if case .files(let own) = self, case .files(let more) = other {
            self = .files(own.union(more))
        } else {
            self = .everything
        }
    }
}
