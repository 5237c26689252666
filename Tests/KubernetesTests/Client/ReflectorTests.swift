import F2SModel
import Synchronization
import Testing

@testable import F2SKubernetes

/// A reflector of a collection on an API server that misbehaves.
@Suite(.timeLimit(.minutes(1))) struct ReflectorTests {
    private struct Thing: Decodable, Sendable, Equatable {
        struct Metadata: Decodable, Sendable, Equatable { let name: String }
        let metadata: Metadata
        let value: Int
    }

    private static func thing(_ name: String, _ value: Int, at version: Int) -> String {
        #"{"metadata":{"name":"\#(name)","resourceVersion":"\#(version)"},"value":\#(value)}"#
    }

    private static func list(_ things: String..., at version: Int) -> ScriptedAPIServer.Reply {
        .answer(200, #"{"metadata":{"resourceVersion":"\#(version)"},"items":[\#(things.joined(separator: ","))]}"#)
    }

    private static func event(_ type: String, _ object: String) -> String {
        #"{"type":"\#(type)","object":\#(object)}"#
    }

    /// Runs a reflector until its collection is as expected, and returns the requests that the server received: `list`,
    /// or the version from which a watch began.
    private func questions(
        script: @escaping @Sendable (ScriptedAPIServer.Question) -> ScriptedAPIServer.Reply,
        until isAsExpected: @escaping @Sendable (MirroredCollection<Int>) -> Bool
    ) async throws -> [String] {
        var asked: [String] = []
        try await ScriptedAPIServer.run(timing: HurriedTiming().timing, script: script) { client, server in
            let reflector = Reflector<Thing>(client, .pods, namespace: "n") { $0.metadata.name }
            await withTaskGroup { group in
                group.addTask { await reflector.run() }
                for await reflection in reflector.latest.values() {
                    var values = MirroredCollection(reflection.items.mapValues(\.value))
                    values.isSynced = reflection.isSynced
                    values.startFailure = reflection.startFailure
                    if isAsExpected(values) { break }
                }
                group.cancelAll()
            }
            asked = server.questions.map { $0.isWatch ? $0.parameter("resourceVersion") ?? "" : "list" }
        }
        return asked
    }

    @Test(arguments: [ScriptedAPIServer.Reply.End.end, .cut])
    func `a watch continues from its newest version without a list`(_ end: ScriptedAPIServer.Reply.End) async throws {
        let asked = try await questions { question in
            switch question.index {
            case 0: Self.list(Self.thing("a", 1, at: 3), at: 5)
            case 1: .lines([Self.event("ADDED", Self.thing("b", 2, at: 6))], end)
            case 2: .lines([Self.event("BOOKMARK", #"{"metadata":{"resourceVersion":"9"}}"#)], end)
            default: .lines([Self.event("DELETED", Self.thing("a", 1, at: 10))], .open)
            }
        } until: {
            $0.items == ["b": 2]
        }
        #expect(asked == ["list", "5", "6", "9"])
    }

    @Test func `a watch that reports nothing is replaced by a list as soon as a change is known`() async throws {
        let advance = Mutex(0.0)
        var timing = HurriedTiming().timing
        timing.wall = { Timing.system.wall() + advance.withLock { $0 } }
        try await ScriptedAPIServer.run(timing: timing) { question in
            if question.isWatch { return .lines([], .open) }
            let isFirst = question.index == 0
            return isFirst
                ? Self.list(Self.thing("a", 1, at: 3), at: 5)
                : Self.list(Self.thing("a", 1, at: 3), Self.thing("b", 2, at: 6), at: 6)
        } _: { client, server in
            let reflector = Reflector<Thing>(client, .pods, namespace: "n") { $0.metadata.name }
            await withTaskGroup { group in
                group.addTask { await reflector.run() }
                for await reflection in reflector.latest.values() where reflection.isSynced { break }
                while !server.questions.contains(where: \.isWatch) { await Task.yield() }
                #expect(!reflector.listAgain(), "a change has just arrived")
                advance.withLock { $0 = 10 }
                #expect(reflector.listAgain())
                for await reflection in reflector.latest.values() where reflection.items.count == 2 { break }
                group.cancelAll()
            }
            let asked = server.questions.map { $0.isWatch ? $0.parameter("resourceVersion") ?? "" : "list" }
            #expect(asked.prefix(3) == ["list", "5", "list"])
        }
    }

    @Test(arguments: [true, false])
    func `an expired version causes a list, and no change is missed`(_ isInStream: Bool) async throws {
        let asked = try await questions { question in
            switch question.index {
            case 0: Self.list(Self.thing("a", 1, at: 3), at: 5)
            case 1 where isInStream:
                .lines(
                    [Self.event("ERROR", #"{"kind":"Status","code":410,"reason":"Expired","message":"too old"}"#)],
                    .end)
            case 1: .error(410, "Expired")
            case 2: Self.list(Self.thing("b", 2, at: 30), at: 30)
            default: .lines([], .open)
            }
        } until: {
            $0.items == ["b": 2]
        }
        #expect(asked.prefix(3) == ["list", "5", "list"])
    }

    @Test func `the last state is kept while the server cannot be reached`() async throws {
        let states = Mutex<[MirroredCollection<Int>]>([])
        _ = try await questions { question in
            switch question.index {
            case 0: Self.list(Self.thing("a", 1, at: 3), at: 5)
            case 1..<5: .drop
            case 5..<9: .error(503, "ServiceUnavailable")
            default: .lines([Self.event("MODIFIED", Self.thing("a", 2, at: 6))], .open)
            }
        } until: { reflection in
            states.withLock { $0.append(reflection) }
            return reflection.items == ["a": 2]
        }
        let after = states.withLock { $0 }.drop { !$0.isSynced }
        #expect(after.allSatisfy { $0.isSynced && $0.items["a"] != nil })
        #expect(after.contains { $0.startFailure != nil } && after.last?.startFailure == nil)
    }

    @Test func `a malformed line is requested again, and the third one in a row causes a list`() async throws {
        let asked = try await questions { question in
            switch question.index {
            case 0: Self.list(at: 5)
            case 1: .lines([Self.event("ADDED", Self.thing("a", 1, at: 6)), "{broken"], .end)
            case 2, 3: .lines([Self.event("WHAT", Self.thing("a", 1, at: 7))], .end)
            case 4: Self.list(Self.thing("a", 2, at: 8), at: 8)
            default: .lines([], .open)
            }
        } until: {
            $0.items == ["a": 2]
        }
        #expect(asked.prefix(5) == ["list", "5", "6", "6", "list"])
    }

    @Test func `an object that cannot be decoded does not hide the others`() async throws {
        let broken = #"{"metadata":{"name":"x","resourceVersion":"6"},"value":"no number"}"#
        _ = try await questions { question in
            switch question.index {
            case 0: Self.list(broken, Self.thing("a", 1, at: 3), at: 5)
            default:
                .lines([Self.event("ADDED", broken), Self.event("ADDED", Self.thing("b", 2, at: 7))], .open)
            }
        } until: {
            $0.items == ["a": 1, "b": 2]
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `whatever fails, the reflector finally shows the true state`(_ seed: UInt64) async throws {
        let server = Mutex(ForgetfulCollection(seed: seed))
        _ = try await questions { question in
            server.withLock { server in
                let version = question.parameter("resourceVersion").flatMap { Int($0) }
                return server.answer(isWatch: question.isWatch, from: version)
            }
        } until: { reflection in
            server.withLock { $0.isHonest && reflection.items == $0.items }
        }
    }
}

/// A collection that changes with every request, on a server that fails at random and forgets its history until it has
/// received enough requests.
private struct ForgetfulCollection {
    private(set) var items: [String: Int] = [:]
    private var history: [(version: Int, line: String)] = []
    private var version = 1
    private var asked = 0
    private var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    var isHonest: Bool { asked > 60 }

    mutating func answer(isWatch: Bool, from: Int?) -> ScriptedAPIServer.Reply {
        asked += 1
        if !isHonest { for _ in 0..<random(4) { change() } }
        let luck = isHonest ? 9 : random(10)
        switch luck {
        case 0: return .drop
        case 1: return .error(500, "InternalError")
        case 2: return .error(429, "TooManyRequests", retryAfter: 1)
        default: break
        }
        guard isWatch, let from else {
            let things = items.map { thing($0.key, $0.value, at: version) }.joined(separator: ",")
            return .answer(200, #"{"metadata":{"resourceVersion":"\#(version)"},"items":[\#(things)]}"#)
        }
        if luck == 3 {
            history = []
            return .error(410, "Expired")
        }
        var lines = history.filter { $0.version > from }.map(\.line)
        // The bookmark reports that there are no more changes, even if the reflector has seen all of them.
        if isHonest { lines.append(#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"\#(version)"}}}"#) }
        // A watch that is cut reports some changes. No connection stays open while the server misbehaves.
        return luck == 4 ? .lines(Array(lines.prefix(1)) + ["{cut o"], .cut) : .lines(lines, isHonest ? .open : .end)
    }

    private mutating func change() {
        version += 1
        let name = "thing-\(random(8))"
        if let value = items[name], random(3) == 0 {
            items[name] = nil
            history.append((version, #"{"type":"DELETED","object":\#(thing(name, value, at: version))}"#))
        } else {
            let type = items[name] == nil ? "ADDED" : "MODIFIED"
            items[name] = version
            history.append((version, #"{"type":"\#(type)","object":\#(thing(name, version, at: version))}"#))
        }
    }

    private func thing(_ name: String, _ value: Int, at version: Int) -> String {
        #"{"metadata":{"name":"\#(name)","resourceVersion":"\#(version)"},"value":\#(value)}"#
    }

    private mutating func random(_ below: Int) -> Int { Int.random(in: 0..<below, using: &generator) }
}
