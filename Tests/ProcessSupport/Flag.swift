import Synchronization

/// A flag that is raised once and can be read from any thread.
package final class Flag: Sendable {
    private let state = Atomic(false)

    package init() {}

    package var isRaised: Bool { state.load(ordering: .acquiring) }

    package func raise() { state.store(true, ordering: .releasing) }
}
