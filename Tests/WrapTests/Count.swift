import Synchronization

/// Counts calls from anywhere.
final class Count: Sendable {
    private let number = Atomic(0)
    func up() { number.add(1, ordering: .relaxed) }
    var value: Int { number.load(ordering: .relaxed) }
}
