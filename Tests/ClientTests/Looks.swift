import Synchronization

/// Numbers the requests to a server, from 0.
final class Looks: Sendable {
    private let number = Atomic(0)
    func next() -> Int { number.add(1, ordering: .relaxed).oldValue }
}
