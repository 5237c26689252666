import F2SModel
import NIOHTTP1
import Synchronization
import Testing

@testable import F2SKubernetes

/// The first API token, on an API server that keeps two Secrets.
@Suite(.timeLimit(.minutes(1))) struct InitialTokenTests {
    /// The two Secrets, as an API server would keep them.
    private final class Secrets: Sendable {
        private struct State {
            var objects: [String: JSONValue] = [:]
            var version = 10
            /// The number of writes that are answered with an error, by the name of the Secret.
            var failures: [String: Int] = [:]
            /// Called once before a write, as another process would act.
            var rival: (@Sendable (Secrets) -> Void)?
        }

        private let state: Mutex<State>

        init() {
            state = Mutex(
                State(objects: [
                    "f2s-tokens": Self.empty("f2s-tokens"), "f2s-initial-token": Self.empty("f2s-initial-token"),
                ]))
        }

        static func empty(_ name: String) -> JSONValue {
            ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name), "resourceVersion": "1"]]
        }

        subscript(_ name: String) -> JSONValue? {
            get { state.withLock { $0.objects[name] } }
            set { state.withLock { $0.objects[name] = newValue } }
        }

        /// The text in the Secret of the administrator; `nil` if there is none.
        var text: String? { self["f2s-initial-token"].flatMap { GeneratedSecret.token(in: $0) } }

        var tokens: APITokenSet { APITokenSecret.tokens(in: self["f2s-tokens"] ?? [:]) }

        func fail(_ name: String, times: Int) { state.withLock { $0.failures[name] = times } }

        func act(before rival: @escaping @Sendable (Secrets) -> Void) { state.withLock { $0.rival = rival } }

        func reply(_ question: ScriptedAPIServer.Question) -> ScriptedAPIServer.Reply {
            let path = question.target.prefix { $0 != "?" }
            let body = try? ResponseDecoder.decode(question.body, as: JSONValue.self)
            if question.method == .PUT || question.method == .POST {
                let rival = state.withLock { state in
                    defer { state.rival = nil }
                    return state.rival
                }
                rival?(self)
            }
            return state.withLock { state in
                let name = body?["metadata"]?["name"]?.text ?? String(path.split(separator: "/").last ?? "")
                switch question.method {
                case .GET:
                    return state.objects[name].map { .answer(200, Self.text($0)) } ?? .error(404, "NotFound")
                case .POST, .PUT:
                    if let left = state.failures[name], left > 0 {
                        state.failures[name] = left - 1
                        return .error(403, "Forbidden")
                    }
                    let isNew = question.method == .POST
                    let known = state.objects[name]?["metadata"]?["resourceVersion"]
                    guard isNew == (known == nil) else { return .error(409, isNew ? "AlreadyExists" : "NotFound") }
                    guard isNew || body?["metadata"]?["resourceVersion"] == known, var body else {
                        return .error(409, "Conflict")
                    }
                    state.version += 1
                    body["metadata"]?["resourceVersion"] = .string("\(state.version)")
                    state.objects[name] = body
                    return .answer(200, Self.text(body))
                default: return .error(405, "MethodNotAllowed")
                }
            }
        }

        private static func text(_ value: JSONValue) -> String { String(decoding: value.encoded(), as: UTF8.self) }
    }

    /// Makes texts that differ by a number.
    private static func text(_ number: Int) -> Secret {
        Secret(
            APIToken.text(
                id: "\(100_000_000_000 + number)",
                secret: [UInt8](repeating: UInt8(number), count: APIToken.secretBytes)))
    }

    private static func stored(_ text: Secret) throws -> APIToken? {
        guard let id = APIToken.id(in: text.revealed[...]) else { return nil }
        return try APIToken(
            id: id, name: "initial", groups: ["admins"], digest: [UInt8](repeating: 1, count: 32), created: 1000,
            expires: nil)
    }

    private func issue(_ secrets: Secrets, _ number: Int = 1) async throws -> InitialToken.Outcome {
        let outcome = Latest<InitialToken.Outcome?>(nil)
        var options = ClientOptions()
        options.attemptsMax = 1
        try await ScriptedAPIServer.run(options: options, script: secrets.reply) { client, _ in
            let token = InitialToken(
                tokens: APITokenSecret(client: client, namespace: "f2s", logger: .silent),
                secret: GeneratedSecret(client: client, namespace: "f2s", name: InitialToken.secretName))
            outcome.publish(
                try await token.issue {
                    Self.text(number)
                } storing: {
                    try Self.stored($0)
                })
        }
        return try #require(outcome.current)
    }

    @Test func `an installation gets one token, whose text is in the administrator's Secret`() async throws {
        let secrets = Secrets()
        #expect(try await issue(secrets, 1) == .issued)
        #expect(secrets.text == Self.text(1).revealed)
        #expect(secrets.tokens == APITokenSet([try #require(try Self.stored(Self.text(1)))]))
        let annotations = secrets["f2s-tokens"]?["metadata"]?["annotations"]
        #expect(annotations?["f2s.opensight.ch/initial-token"]?.text == APIToken.id(in: Self.text(1).revealed[...]))
        #expect(try await issue(secrets, 2) == .notNeeded)
        #expect(secrets.text == Self.text(1).revealed && secrets.tokens.sorted.count == 1)
    }

    @Test func `after it was read and deleted, or revoked, no other one is issued`() async throws {
        let secrets = Secrets()
        #expect(try await issue(secrets, 1) == .issued)
        secrets["f2s-initial-token"] = Secrets.empty("f2s-initial-token")
        #expect(try await issue(secrets, 2) == .notNeeded)
        secrets["f2s-tokens"]?["data"] = nil
        #expect(try await issue(secrets, 3) == .notNeeded)
        #expect(secrets.text == nil && secrets.tokens == APITokenSet())
        // All tokens are lost, and the administrator asks for another first one.
        secrets["f2s-tokens"] = nil
        secrets["f2s-initial-token"] = nil
        #expect(try await issue(secrets, 4) == .issued)
        #expect(secrets.text == Self.text(4).revealed && secrets.tokens.sorted.map(\.name) == ["initial"])
    }

    @Test func `an installation that has tokens gets no first one`() async throws {
        let secrets = Secrets()
        let other = try #require(try Self.stored(Self.text(9)))
        secrets["f2s-tokens"]?["data"] = [other.id: .string(try #require(StoredTokens.encoded(other)))]
        #expect(try await issue(secrets, 1) == .notNeeded)
        #expect(secrets.text == nil)
    }

    @Test func `a process that ends between the two writes loses nothing, and the next one completes the same token`()
        async throws
    {
        let secrets = Secrets()
        secrets.fail("f2s-tokens", times: 1)
        await #expect(throws: APITokenStoreError.self) { try await issue(secrets, 1) }
        #expect(secrets.text == Self.text(1).revealed && secrets.tokens == APITokenSet())
        #expect(try await issue(secrets, 2) == .issued)
        #expect(secrets.text == Self.text(1).revealed, "the administrator may have read it already")
        #expect(secrets.tokens[try #require(APIToken.id(in: Self.text(1).revealed[...]))] != nil)
    }

    @Test func `of two processes at once, both end with the token of one`() async throws {
        let secrets = Secrets()
        // Another process writes its text just before this one writes.
        secrets.act { secrets in
            var filled = GeneratedSecret.secret(
                Secrets.empty("f2s-initial-token"), holding: Self.text(7).revealed)
            filled["metadata"]?["resourceVersion"] = "2"
            secrets["f2s-initial-token"] = filled
        }
        #expect(try await issue(secrets, 1) == .issued)
        #expect(secrets.text == Self.text(7).revealed)
        #expect(secrets.tokens.ids == [try #require(APIToken.id(in: Self.text(7).revealed[...]))])
    }

    @Test func `a text that is no token is an error that says what to do, and stays`() async throws {
        let secrets = Secrets()
        secrets["f2s-initial-token"] = GeneratedSecret.secret(
            Secrets.empty("f2s-initial-token"), holding: "my-own-password")
        let error = await #expect(throws: APITokenStoreError.self) { try await issue(secrets, 1) }
        #expect(error?.problem.detail.contains("remove the key") == true)
        #expect(error?.problem.detail.contains("my-own-password") == false)
        #expect(secrets.text == "my-own-password" && secrets.tokens == APITokenSet())
    }

    @Test func `without rights the error names the Secret`() async throws {
        let secrets = Secrets()
        secrets.fail("f2s-initial-token", times: 1)
        let error = await #expect(throws: APITokenStoreError.self) { try await issue(secrets, 1) }
        #expect(error?.problem.detail.contains("f2s-initial-token") == true)
        #expect(secrets.tokens == APITokenSet())
    }
}
