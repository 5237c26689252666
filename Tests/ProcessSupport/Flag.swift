import Synchronization

/// Says once, to everybody who looks, that it is time.
package final class Flag: Sendable {
    private let state = Atomic(false)

    package init() {}

    package var isRaised: Bool { state.load(ordering: .acquiring) }

    package func raise() { state.store(true, ordering: .releasing) }
}
