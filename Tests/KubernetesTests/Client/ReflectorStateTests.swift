import Testing

@testable import F2SKubernetes

@Suite struct ReflectorStateTests {
    private let gone = KubernetesError.status(code: 410, reason: "Expired", message: "")

    private func watching() -> ReflectorState {
        var state = ReflectorState(seed: 1)
        state.ended(.list, .listed("5"), lasted: .zero)
        return state
    }

    @Test func `the first step is a list, and the watch from its version follows at once`() {
        #expect(ReflectorState(seed: 1).next == .list)
        #expect(watching().next == .watch(from: "5") && watching().pause == .zero)
    }

    @Test func `a long watch is started again at once, and a short one after growing pauses`() {
        var state = watching()
        state.ended(.watch(from: "5"), .watched("8"), lasted: .seconds(300))
        #expect(state.next == .watch(from: "8") && state.pause == .zero)
        var last = Duration.zero
        for _ in 0..<4 {
            state.ended(.watch(from: "8"), .watched("8"), lasted: .milliseconds(1))
            #expect(state.pause > last)
            last = state.pause
        }
        // The failures before a long watch no longer count.
        state.ended(.watch(from: "8"), .failed(.unreachable("x"), at: "8"), lasted: .seconds(1))
        #expect(state.pause > .zero && state.pause <= .milliseconds(100))
    }

    @Test func `after a lost connection the watch continues from the newest version`() {
        var state = watching()
        state.ended(.watch(from: "5"), .failed(.unreachable("x"), at: "7"), lasted: .seconds(60))
        #expect(state.next == .watch(from: "7") && state.pause > .zero)
    }

    @Test func `a requested list follows at once`() {
        var state = watching()
        state.ended(.watch(from: "5"), .interrupted, lasted: .milliseconds(1))
        #expect(state.next == .list && state.pause == .zero)
    }

    @Test func `an expired version causes a list, which follows a long watch at once`() {
        var state = watching()
        state.ended(.watch(from: "5"), .failed(gone, at: "7"), lasted: .seconds(60))
        #expect(state.next == .list && state.pause == .zero)
        state = watching()
        state.ended(.watch(from: "5"), .failed(gone, at: "7"), lasted: .zero)
        #expect(state.next == .list && state.pause > .zero, "repeated expiry causes growing pauses")
    }

    @Test func `failed lists are repeated after growing pauses plus the pause that the server names`() {
        var state = ReflectorState(seed: 1)
        var last = Duration.zero
        for _ in 0..<4 {
            state.ended(.list, .failed(.unreachable("x"), at: nil), lasted: .zero)
            #expect(state.next == .list && state.pause > last)
            last = state.pause
        }
        let busy = KubernetesError.status(code: 429, reason: "", message: "", retryAfter: .seconds(30))
        state.ended(.list, .failed(busy, at: nil), lasted: .zero)
        #expect(state.pause > .seconds(30))
    }

    @Test(arguments: [(403, true), (404, true), (401, false), (429, false), (500, false)])
    func `a watch that the server rejects is followed by a list`(_ code: Int, _ isList: Bool) {
        var state = watching()
        state.ended(
            .watch(from: "5"), .failed(.status(code: code, reason: "", message: ""), at: "5"), lasted: .zero)
        #expect((state.next == .list) == isList)
    }

    @Test func `three malformed lines in a row cause a list`() {
        var state = watching()
        for _ in 0..<2 {
            state.ended(.watch(from: "5"), .failed(.malformed("x"), at: "6"), lasted: .zero)
            #expect(state.next == .watch(from: "6"))
        }
        state.ended(.watch(from: "6"), .failed(.malformed("x"), at: "6"), lasted: .zero)
        #expect(state.next == .list)
    }

    @Test func `an event changes one object and sets the version from which a watch continues`() {
        var reflection = MirroredCollection<String>()
        let newer: (String, String) -> String = { newer, _ in newer }
        reflection.apply(
            ResourceList(items: ["a", "b"], resourceVersion: "5"), at: 1, key: { $0 }, sharing: newer)
        #expect(reflection.isSynced && Set(reflection.items.keys) == ["a", "b"])
        reflection.take(
            [.deleted("a", at: "6"), .added("c", at: "7"), .unreadable("x", at: "8")], at: 2, key: { $0 },
            sharing: newer)
        #expect(Set(reflection.items.keys) == ["b", "c"] && reflection.resourceVersion == "8")
        #expect(reflection.lastEventAt == 2)
    }

    @Test func `the newer state of an object is combined with its older state`() {
        var reflection = MirroredCollection<String>()
        let both: (String, String) -> String = { "\($1), then \($0)" }
        let key: (String) -> String = { String($0.prefix(1)) }
        reflection.apply(ResourceList(items: ["a1", "b1"], resourceVersion: "5"), at: 1, key: key, sharing: both)
        reflection.take([.modified("a2", at: "6"), .added("c1", at: "7")], at: 2, key: key, sharing: both)
        #expect(reflection.items == ["a": "a1, then a2", "b": "b1", "c": "c1"])
        reflection.apply(ResourceList(items: ["b2"], resourceVersion: "8"), at: 3, key: key, sharing: both)
        #expect(reflection.items == ["b": "b1, then b2"])
    }
}
