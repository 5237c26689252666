import F2SModel
import FoundationEssentials
import Synchronization
import Testing

@testable import F2SClient

/// The sign-in of the command line at a provider (RFC 8628).
@Suite struct ProviderSignInTests {
    private static let provider = SignInProvider(
        issuer: "https://id.example.org/acme", title: "Acme", clientID: "cli", clientSecret: nil,
        scopes: ["openid", "offline_access"])

    private static let description = #"""
        {"issuer":"https://id.example.org/acme","device_authorization_endpoint":"https://id.example.org/device",
         "token_endpoint":"https://id.example.org/token","revocation_endpoint":"https://id.example.org/revoke"}
        """#
    private static let code = #"""
        {"device_code":"secret","user_code":"WDJB-MJHT","verification_uri":"https://id.example.org/enter",
         "expires_in":60,"interval":2}
        """#
    private static let tokens = #"{"access_token":"at","refresh_token":"rt","expires_in":300,"token_type":"Bearer"}"#

    /// A provider that gives the answers of a test in their order, and a clock that moves with the pauses.
    private final class Script: Sendable {
        struct Request: Hashable {
            let url: String
            let form: [String: String]
        }

        private struct State {
            var answers: [(status: Int, text: String)?]
            var requests: [Request] = []
            var pauses: [Duration] = []
            var now = 1000.0
        }

        private let state: Mutex<State>

        /// - Parameter answers: `nil` for a provider that cannot be reached.
        init(_ answers: [(status: Int, text: String)?]) { state = Mutex(State(answers: answers)) }

        var requests: [Request] { state.withLock { $0.requests } }
        var pauses: [Duration] { state.withLock { $0.pauses } }
        var now: Double { state.withLock { $0.now } }

        func pause(_ duration: Duration) {
            state.withLock { state in
                state.pauses.append(duration)
                state.now += duration.inSeconds
            }
        }

        func send(_ url: String, _ form: [(name: String, value: String)]?) throws(ClientError) -> (Int, [UInt8]) {
            let answer = state.withLock { state -> (status: Int, text: String)? in
                let fields = (form ?? []).map { ($0.name, $0.value) }
                state.requests.append(Request(url: url, form: Dictionary(fields) { first, _ in first }))
                return state.answers.isEmpty ? nil : state.answers.removeFirst()
            }
            guard let answer else { throw .interrupted(reason: "no answer") }
            return (answer.status, Array(answer.text.utf8))
        }
    }

    private func signIn(_ script: Script, at provider: SignInProvider = Self.provider) async throws -> SignInTokens {
        try await ProviderSignIn(at: provider, send: { url, form throws(ClientError) in try script.send(url, form) })
            .signIn(now: { script.now }, show: { _ in }, pause: { script.pause($0) })
    }

    private func error(_ text: String) -> (status: Int, text: String) { (400, #"{"error":"\#(text)"}"#) }

    @Test func `the user gets tokens once it has entered the code`() async throws {
        let script = Script([
            (200, Self.description), (200, Self.code), error("authorization_pending"), error("slow_down"),
            error("authorization_pending"), (200, Self.tokens),
        ])
        let tokens = try await signIn(script)
        #expect(tokens.accessToken == "at" && tokens.refreshToken == "rt")
        #expect(script.pauses == [.seconds(2), .seconds(2), .seconds(7), .seconds(7)])
        #expect(tokens.expiresAt == 1318)
        #expect(tokens.tokenURL == "https://id.example.org/token")
        #expect(tokens.revocationURL == "https://id.example.org/revoke")
        let requests = script.requests
        #expect(requests[0].url == "https://id.example.org/acme/.well-known/openid-configuration")
        #expect(requests[1].form == ["client_id": "cli", "scope": "openid offline_access"])
        let grant = "urn:ietf:params:oauth:grant-type:device_code"
        #expect(requests[2].form == ["client_id": "cli", "grant_type": grant, "device_code": "secret"])
        #expect(requests.count == 6)
    }

    @Test func `a provider that does not answer is asked again, more and more slowly, until the code expires`()
        async throws
    {
        let script = Script([(200, Self.description), (200, Self.code)])
        let failure = await #expect(throws: ClientError.self) { try await signIn(script) }
        #expect(failure?.description.contains("the code has expired") == true)
        #expect(script.pauses == [2, 4, 8, 16].map { Duration.seconds($0) })
    }

    @Test(arguments: [
        ("access_denied", "has denied it"), ("expired_token", "the code has expired"),
        ("invalid_client", "invalid_client"),
    ])
    func `a refusal ends the wait with its reason`(code: String, reason: String) async throws {
        let script = Script([(200, Self.description), (200, Self.code), error(code), (200, Self.tokens)])
        let failure = await #expect(throws: ClientError.self) { try await signIn(script) }
        #expect(failure?.description.contains(reason) == true)
        #expect(script.pauses.count == 1)
    }

    @Test(arguments: [
        (404, "{}", "does not describe itself"),
        (200, #"{"issuer":"https://other.example","token_endpoint":"https://a"}"#, "describes itself as https://other"),
        (200, #"{"issuer":"https://id.example.org/acme","token_endpoint":"https://a/t"}"#, "no device authorization"),
        (
            200,
            #"{"issuer":"https://id.example.org/acme","token_endpoint":"https://a/t","#
                + #""device_authorization_endpoint":"http://evil.example/d"}"#, "must begin with https://"
        ),
    ])
    func `an unusable description has an error that says what to do`(
        status: Int, text: String, reason: String
    ) async throws {
        let script = Script([(status, text), (200, Self.code)])
        let failure = await #expect(throws: ClientError.self) { try await signIn(script) }
        #expect(failure?.description.contains(reason) == true, "\(String(describing: failure))")
        #expect(script.requests.count == 1, "nothing was sent to another provider")
    }

    @Test(arguments: [
        #"{"device_code":"a","user_code":"b","verification_uri":"https://a and type your password"}"#,
        #"{"device_code":"a","user_code":"b\u001b[2J","verification_uri":"https://a"}"#,
        #"{"device_code":"a","user_code":"b"}"#, #"{"error":"invalid_scope"}"#, "<html>",
    ])
    func `a page that is no URL, and a code that is no code, are not shown`(text: String) async throws {
        let script = Script([(200, Self.description), (200, text)])
        await #expect(throws: ClientError.self) { try await signIn(script) }
        #expect(script.pauses.isEmpty)
    }

    @Test func `a provider elsewhere sends no requests to this machine`() async throws {
        let text = Self.description.replacing("https://id.example.org/device", with: "http://127.0.0.1:2375/x")
        let script = Script([(200, text), (200, Self.code)])
        await #expect(throws: ClientError.self) { try await signIn(script) }
        #expect(script.requests.count == 1)
    }

    @Test func `a provider that fails for a moment does not end the sign-in`() async throws {
        let script = Script([
            (200, Self.description), (200, Self.code), (502, "<html>"), (429, #"{"error":"slow"}"#), (200, Self.tokens),
        ])
        #expect(try await signIn(script).accessToken == "at")
        let again = Script([(503, "")])
        let provider = ProviderSignIn(
            at: Self.provider, send: { url, form throws(ClientError) in try again.send(url, form) })
        let tokens = SignInTokens(
            provider: Self.provider, tokenURL: "https://id.example.org/token", accessToken: "at", refreshToken: "rt")
        let failure = await #expect(throws: ClientError.self) { try await provider.renew(tokens, at: 1000) }
        #expect(failure?.description.contains("retry") == true && failure?.description.contains("f2s login") == false)
    }

    @Test func `an unsafe provider gets no request`() async throws {
        let script = Script([])
        var provider = Self.provider
        provider.issuer = "http://id.example.org"
        await #expect(throws: ClientError.self) { try await signIn(script, at: provider) }
        #expect(script.requests.isEmpty)
    }

    @Test func `a token is renewed, and a provider may keep the refresh token`() async throws {
        let script = Script([
            (200, #"{"access_token":"at2"}"#), (200, #"{"access_token":"at3","refresh_token":"rt2"}"#),
        ])
        let provider = ProviderSignIn(
            at: Self.provider, send: { url, form throws(ClientError) in try script.send(url, form) })
        let old = SignInTokens(
            provider: Self.provider, tokenURL: "https://id.example.org/token", accessToken: "at", refreshToken: "rt",
            expiresAt: 1030)
        #expect(!old.isFresh(at: 1000) && old.isFresh(at: 999))
        let second = try await provider.renew(old, at: 1000)
        #expect(second.accessToken == "at2" && second.refreshToken == "rt" && second.expiresAt == 1300)
        let third = try await provider.renew(second, at: 1000)
        #expect(third.refreshToken == "rt2")
        #expect(script.requests.map { $0.form["refresh_token"] } == ["rt", "rt"])
    }

    @Test func `a sign-in that has ended names the remedy`() async throws {
        let script = Script([error("invalid_grant")])
        let provider = ProviderSignIn(
            at: Self.provider, send: { url, form throws(ClientError) in try script.send(url, form) })
        var tokens = SignInTokens(
            provider: Self.provider, tokenURL: "https://id.example.org/token", accessToken: "at", refreshToken: "rt")
        for _ in 0..<2 {
            let sent = tokens
            let failure = await #expect(throws: ClientError.self) { try await provider.renew(sent, at: 1000) }
            #expect(failure?.description.contains("f2s login") == true)
            tokens.refreshToken = nil
        }
        #expect(script.requests.count == 1)
    }
}
