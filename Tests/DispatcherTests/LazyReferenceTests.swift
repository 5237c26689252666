import Synchronization
import TestSupport
import Testing

@testable import F2SDispatcher

@Suite struct LazyReferenceTests {
    /// The number of objects that exist.
    private final class ObjectCount: Sendable { let living = Atomic<Int>(0) }

    private final class CountedObject: Sendable {
        private let count: ObjectCount

        init(_ count: ObjectCount) {
            self.count = count
            count.living.wrappingAdd(1, ordering: .relaxed)
        }

        deinit { count.living.wrappingSubtract(1, ordering: .relaxed) }
    }

    private final class Owner: Sendable { let reference = LazyReference<CountedObject>() }

    @Test func `all threads get the object that was stored first, which lives as long as its reference`() async throws {
        let count = ObjectCount()
        try await check(Owner(), count)
        // The threads hand over their results before they release what they were given.
        try await eventually("the object is released") { count.living.load(ordering: .relaxed) == 0 }
    }

    private func check(_ owner: Owner, _ count: ObjectCount) async throws {
        #expect(owner.reference.load() == nil)
        let seen = try await withThrowingTaskGroup(of: ObjectIdentifier.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await onThread {
                        ObjectIdentifier(owner.reference.load() ?? owner.reference.storeIfNil(CountedObject(count)))
                    }
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(seen == Set([owner.reference.load()].compactMap(\.self).map { ObjectIdentifier($0) }))
        #expect(count.living.load(ordering: .relaxed) == 1)
    }
}
