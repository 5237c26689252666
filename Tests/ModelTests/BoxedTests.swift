import F2SModel
import Testing

@Suite struct BoxedTests {
    private struct Held: Hashable {
        @Boxed var texts: [String]
        @Boxed var counted: Counted = Counted(1)
    }

    /// A value that counts its comparisons.
    private struct Counted: Hashable, Sendable {
        let number: Int
        let comparisons = Latest(0)

        init(_ number: Int) { self.number = number }

        static func == (left: Self, right: Self) -> Bool {
            left.comparisons.update { $0 += 1 }
            return left.number == right.number
        }

        func hash(into hasher: inout Hasher) { hasher.combine(number) }
    }

    @Test func `a change does not affect copies`() {
        let before = Held(texts: ["a"])
        var after = before
        after.texts.append("b")
        #expect(before.texts == ["a"])
        #expect(after.texts == ["a", "b"])
        #expect(before != after)
        after.texts.removeLast()
        #expect(before == after)
        #expect(before.hashValue == after.hashValue)
    }

    @Test func `copies are equal without a comparison of their values, other boxes are compared by value`() {
        let one = Held(texts: [])
        let copy = one
        #expect(one == copy)
        #expect(one.counted.comparisons.current == 0)
        #expect(one == Held(texts: []))
        #expect(one.counted.comparisons.current == 1)
        #expect(one != Held(texts: [], counted: Counted(2)))
    }

    @Test func `a copy of a function is small regardless of its declaration`() {
        #expect(MemoryLayout<Function>.size <= 72)
    }

    @Test func `targets share the default of rare fields, and a change affects one target only`() {
        #expect(MemoryLayout<Target>.size <= 144)
        let usual = Target(command: ["run"])
        var changed = usual
        changed.timeout = .seconds(3)
        changed.limits.inFlight = 2
        #expect(changed != usual && usual.timeout == nil && usual.limits.inFlight == nil)
        #expect(changed == Target(command: ["run"], timeout: .seconds(3), limits: FunctionLimits(inFlight: 2)))
        changed.timeout = nil
        changed.limits.inFlight = nil
        #expect(changed == usual && changed.hashValue == usual.hashValue)
    }

    @Test func `a change of a nested field of a draft does not affect its copies`() throws {
        let draft = FunctionDraft(
            name: try FunctionName("hello"), route: try Route("/hello"), target: Target(command: ["run"]))
        let function = Function(
            id: Function.ID("hello"), draft: draft, generation: 1, storeRevision: StoreRevision("1"), age: 1,
            origin: Function.Origin(location: "hello.yaml", isWritable: true))
        var changed = function.draft
        changed.target.environment["A"] = "1"
        changed.summary = "Says hello."
        #expect(function.draft == draft)
        #expect(function.target.environment.isEmpty)
        #expect(changed.target.environment == ["A": "1"])
        #expect(changed != draft)
        var ready = function
        ready.status.readyReplicas = 2
        #expect(function.status.readyReplicas == 0)
        #expect(ready.status.readyReplicas == 2)
        #expect(ready != function)
    }
}
