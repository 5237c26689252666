import F2SModel
import NIOHTTP1
import Testing

@testable import F2SKubernetes

/// The Secret of the API tokens, on an API server that a test scripts.
@Suite(.timeLimit(.minutes(1))) struct APITokenSecretTests {
    private static func token(_ number: Int) throws -> APIToken {
        try APIToken(
            id: "\(100_000_000_000 + number)", name: "token-\(number)", groups: ["team"],
            digest: [UInt8](repeating: 7, count: 32), created: 1000, expires: nil)
    }

    private static func secret(_ tokens: [APIToken], version: Int = 7, more: [String: String] = [:]) -> JSONValue {
        var data = more
        for token in tokens { data[token.id] = StoredTokens.encoded(token) }
        return [
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": JSONValue(data),
            "metadata": ["name": "f2s-tokens", "resourceVersion": .string("\(version)"), "labels": ["a": "b"]],
        ]
    }

    private static func text(_ value: JSONValue) -> String { String(decoding: value.encoded(), as: UTF8.self) }

    @Test func `a Secret without data has no tokens, and values that are none are named`() throws {
        #expect(APITokenSecret.tokens(in: ["metadata": ["name": "f2s-tokens"]]) == APITokenSet())
        let one = try Self.token(1)
        let value = try #require(StoredTokens.encoded(one))
        let stored = StoredTokens(
            name: "f2s-tokens", data: [one.id: value, "000000000000": value, "x": "no base64!", "y": "e30="])
        #expect(stored.tokens == APITokenSet([one]))
        #expect(stored.unreadable == ["000000000000", "x", "y"])
    }

    @Test func `a write keeps the resource version, other fields, and values that are no tokens`() throws {
        let (one, two) = (try Self.token(1), try Self.token(2))
        let secret = Self.secret([one], more: ["note": "eA=="])
        let before = APITokenSecret.tokens(in: secret)
        let changed = APITokenSecret.secret(secret, holding: APITokenSet([two]), insteadOf: before)
        #expect(APITokenSecret.tokens(in: changed) == APITokenSet([two]))
        #expect(changed["data"]?["note"]?.text == "eA==" && changed["data"]?[one.id] == nil)
        #expect(changed[path: "metadata", "resourceVersion"]?.text == "7")
        #expect(changed[path: "metadata", "labels", "a"]?.text == "b")
    }

    @Test func `a change that conflicts with another one is repeated on the newer version`() async throws {
        let (one, two) = (try Self.token(1), try Self.token(2))
        let bodies = Latest<[String]>([])
        try await ScriptedAPIServer.run(script: { question in
            guard question.method == .PUT else {
                // Between the first read and the write, another process removes a token.
                let isFirst = bodies.current.isEmpty
                let secret = Self.secret(isFirst ? [one, two] : [two], version: isFirst ? 7 : 8)
                return .answer(200, Self.text(secret))
            }
            let body = String(decoding: question.body, as: UTF8.self)
            bodies.update { $0.append(body) }
            return bodies.current.count == 1 ? .error(409, "Conflict") : .answer(200, body)
        }) { client, _ in
            let store = APITokenSecret(client: client, namespace: "f2s", logger: .silent)
            try await store.remove(id: two.id)
        }
        let written = bodies.current
        #expect(written.count == 2 && written[1].contains(#""resourceVersion":"8""#))
        #expect(written[0].contains(one.id) && !written[1].contains(one.id) && !written[1].contains(two.id))
    }

    @Test(arguments: [true, false])
    func `an update whose response was lost is not repeated`(isAddition: Bool) async throws {
        let (one, two) = (try Self.token(1), try Self.token(2))
        let written = Latest<String?>(nil)
        // The watch does not run, so the timing shortens the wait for it.
        try await ScriptedAPIServer.run(
            timing: HurriedTiming().timing,
            script: { question in
                guard question.method == .PUT else {
                    return .answer(200, written.current ?? Self.text(Self.secret(isAddition ? [one] : [one, two])))
                }
                // The first attempt has an effect, and the client learns only that the version is outdated.
                written.publish(String(decoding: question.body, as: UTF8.self))
                return .error(409, "Conflict")
            }
        ) { client, server in
            let store = APITokenSecret(client: client, namespace: "f2s", logger: .silent)
            if isAddition { try await store.add(two) } else { try await store.remove(id: two.id) }
            #expect(server.questions.filter { $0.method == .PUT }.count == 1)
        }
    }

    @Test(arguments: [
        (403, "Forbidden", 503), (500, "InternalError", 503), (413, "TooLarge", 409),
        // The message of the API server tells the reason of an invalid object.
        (422, "Invalid", 503), (422, "Too long: must have at most 1048576 bytes", 409),
    ])
    func `a write that the API server rejects is an error`(code: Int, reason: String, status: Int) async throws {
        let token = try Self.token(1)
        var options = ClientOptions()
        options.attemptsMax = 1
        try await ScriptedAPIServer.run(
            options: options,
            script: { question in
                question.method == .PUT ? .error(code, reason) : .answer(200, Self.text(Self.secret([token])))
            }
        ) { client, _ in
            let store = APITokenSecret(client: client, namespace: "f2s", logger: .silent)
            do {
                try await store.remove(id: token.id)
                Issue.record("it was removed")
            } catch let error as APITokenStoreError {
                #expect(error.problem.status == status, "\(error)")
            }
        }
    }

    @Test func `a removed token stays removed although the watch reports an earlier state`() async throws {
        let token = try Self.token(1)
        let list = Self.text(["metadata": ["resourceVersion": "7"], "items": [Self.secret([token])]])
        try await ScriptedAPIServer.run(script: { question in
            if question.isWatch { return .lines([], .open) }
            if question.method == .PUT { return .answer(200, String(decoding: question.body, as: UTF8.self)) }
            return .answer(200, question.parameter("fieldSelector") == nil ? Self.text(Self.secret([token])) : list)
        }) { client, _ in
            let store = APITokenSecret(client: client, namespace: "f2s", logger: .silent)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await store.run() }
                for await tokens in store.tokens.values() where tokens != nil { break }
                #expect(store.tokens.current == APITokenSet([token]))
                try await store.remove(id: token.id)
                #expect(store.tokens.current == APITokenSet())
                group.cancelAll()
            }
        }
    }
}
