import F2SModel
import FoundationEssentials

/// The requests to a provider by which a user of the command line signs in, stays signed in, and signs out.
public struct ProviderSignIn: Sendable {
    /// Sends a form, or GET without one, and returns the status and the content.
    public typealias Send =
        @Sendable (
            _ url: String, _ form: [(name: String, value: String)]?
        ) async throws(ClientError) -> (status: Int, content: [UInt8])

    private let provider: SignInProvider
    private let send: Send

    private static let grantType = "urn:ietf:params:oauth:grant-type:device_code"
    /// The largest content of a response, in bytes.
    private static let bytesMax = 1 << 20

    /// Creates the requests to a provider.
    /// - Parameter send: Sends a request; over the network by default.
    public init(at provider: SignInProvider, send: @escaping Send = Self.sendOverNetwork) {
        self.provider = provider
        self.send = send
    }

    /// The description of a provider (OpenID Connect Discovery 1.0 section 3).
    private struct Description: Decodable {
        var issuer: String?
        var deviceURL: String?
        var tokenURL: String?
        var revocationURL: String?

        private enum CodingKeys: String, CodingKey {
            case issuer
            case deviceURL = "device_authorization_endpoint"
            case tokenURL = "token_endpoint"
            case revocationURL = "revocation_endpoint"
        }
    }

    /// Signs the user in.
    /// - Parameters:
    ///   - now: Returns the time in seconds since 1970.
    ///   - show: Shows the user the page and the code.
    ///   - pause: Waits.
    /// - Throws: ``ClientError/signInFailed(provider:reason:)``.
    public func signIn(
        now: () -> Double, show: (DeviceSignIn) -> Void, pause: (Duration) async throws -> Void
    ) async throws -> SignInTokens {
        let description = try await describe()
        guard let deviceURL = description.deviceURL, let tokenURL = description.tokenURL else {
            throw failure(
                "it has no device authorization endpoint (RFC 8628): use a token of the provider in F2S_TOKEN instead")
        }
        let answer = try await post(
            deviceURL, [("scope", provider.scopes.joined(separator: " "))], as: DeviceAnswer.self)
        guard var waiting = answer.value.flatMap({ DeviceSignIn($0) }) else {
            throw failure(
                "it has refused the client \(provider.clientID.printable) or its scopes"
                    + " (\(answer.value?.error?.printable ?? "status \(answer.status)"))")
        }
        show(waiting)
        let begin = now()
        var step = waiting.first
        while case .ask(let duration) = step {
            try await pause(duration)
            let form = [("grant_type", Self.grantType), ("device_code", waiting.deviceCode)]
            let answer = try? await post(tokenURL, form, as: TokenAnswer.self)
            // A provider that fails has not answered.
            let value = answer.flatMap { Self.isOutage($0.status) ? nil : $0.value ?? TokenAnswer() }
            step = waiting.next(after: value, elapsed: .seconds(max(0, now() - begin)))
        }
        switch step {
        case .finished(let answer):
            let tokens = SignInTokens(
                provider: provider, tokenURL: tokenURL, revocationURL: description.revocationURL, accessToken: "")
            guard let tokens = tokens.renewed(with: answer, at: now()) else { throw failure(answer.reason) }
            return tokens
        case .failed(let reason): throw failure(reason)
        case .ask: throw failure("it has not answered")
        }
    }

    /// Renews tokens.
    /// - Parameter now: The time in seconds since 1970.
    /// - Throws: ``ClientError/signInFailed(provider:reason:)`` if the sign-in has ended. If the provider cannot be
    ///   reached, the error is the one of the connection.
    public func renew(_ tokens: SignInTokens, at now: Double) async throws(ClientError) -> SignInTokens {
        guard let refreshToken = tokens.refreshToken else {
            throw failure("the token has expired: run `f2s login`")
        }
        let answer = try await post(
            tokens.tokenURL, [("grant_type", "refresh_token"), ("refresh_token", refreshToken)], as: TokenAnswer.self)
        guard !Self.isOutage(answer.status) else {
            throw failure("it does not renew the token now (status \(answer.status)): retry later")
        }
        guard let value = answer.value, let renewed = tokens.renewed(with: value, at: now) else {
            throw failure(
                "the sign-in has ended (\(answer.value?.reason ?? "status \(answer.status)")): run `f2s login`")
        }
        return renewed
    }

    /// Revokes tokens.
    /// - Returns: False if the provider has not revoked them all.
    public func signOut(_ tokens: SignInTokens) async -> Bool {
        guard let url = tokens.revocationURL else { return false }
        var isDone = true
        for token in [tokens.refreshToken, tokens.accessToken].compactMap(\.self) {
            let answer = try? await post(url, [("token", token)], as: TokenAnswer.self)
            isDone = isDone && answer?.status == 200
        }
        return isDone
    }

    private static func isOutage(_ status: Int) -> Bool { status >= 500 || status == 429 }

    private func describe() async throws(ClientError) -> Description {
        var issuer = provider.issuer
        while issuer.hasSuffix("/") { issuer.removeLast() }
        let url = issuer + "/.well-known/openid-configuration"
        guard AuthSettings.Issuer.isSafe(url) else {
            throw failure("its URL must begin with https://, or with http:// for this machine")
        }
        let (status, content) = try await send(url, nil)
        guard status == 200, let description = Self.decode(Description.self, content) else {
            throw failure("it does not describe itself at \(url) (status \(status))")
        }
        // Otherwise another provider could take this one's place.
        guard description.issuer == provider.issuer else {
            throw failure("it describes itself as \(description.issuer ?? "nothing")")
        }
        return description
    }

    /// Sends a form with the client's name.
    private func post<Value: Decodable>(
        _ url: String, _ form: [(name: String, value: String)], as type: Value.Type
    ) async throws(ClientError) -> (status: Int, value: Value?) {
        // A provider elsewhere must not have requests sent to services of this machine.
        let isAllowed = url.hasPrefix("https://") || provider.issuer.hasPrefix("http://")
        guard AuthSettings.Issuer.isSafe(url), isAllowed else {
            throw failure("its URL \(url.printable) must begin with https://, or with http:// for this machine")
        }
        var form = form + [("client_id", provider.clientID)]
        if let secret = provider.clientSecret { form.append(("client_secret", secret)) }
        let (status, content) = try await send(url, form)
        return (status, Self.decode(type, content))
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ content: [UInt8]) -> Value? {
        try? JSONDecoder().decode(type, from: Data(content))
    }

    private func failure(_ reason: String) -> ClientError {
        .signInFailed(provider: provider.issuer, reason: reason)
    }

    /// Sends a request over the network.
    @Sendable public static func sendOverNetwork(
        _ url: String, _ form: [(name: String, value: String)]?
    ) async throws(ClientError) -> (status: Int, content: [UInt8]) {
        // The path is kept as it is, with a slash or a query at its end.
        let scheme = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let path = url[scheme...].firstIndex(of: "/") ?? url.endIndex
        var request = ClientRequest(
            form == nil ? "GET" : "POST", String(url[path...]), fields: [("accept", "application/json")])
        if let form {
            request.fields.append(("content-type", "application/x-www-form-urlencoded"))
            request.content = .bytes(Array(FormText.encode(form).utf8))
        }
        let sent = request
        do {
            return try await NetworkTransport.open(to: try ServerAddress(String(url[..<path]))) { transport in
                let answer = try await transport.send(sent)
                return (answer.status, try await answer.collect(bytesMax: bytesMax))
            }
        } catch ClientError.unreachable(let server, let reason) {
            throw .signInFailed(provider: server, reason: "it cannot be reached (\(reason))")
        } catch let error as ClientError {
            throw error
        } catch {
            throw .interrupted(reason: "\(error)")
        }
    }
}

extension SignInTokens {
    /// The time in seconds after which a token is renewed whose provider does not say how long it is valid.
    private static let lifetimeDefault = 300.0

    /// Returns the tokens after an answer with newer ones; `nil` if the answer has none. A provider may keep the
    /// refresh token.
    func renewed(with answer: TokenAnswer, at now: Double) -> SignInTokens? {
        guard let accessToken = answer.accessToken, !accessToken.isEmpty else { return nil }
        var tokens = self
        tokens.accessToken = accessToken
        tokens.refreshToken = answer.refreshToken ?? refreshToken
        // A provider need not say how long its tokens are valid.
        let lifetime = answer.expiresIn ?? (tokens.refreshToken == nil ? nil : Self.lifetimeDefault)
        tokens.expiresAt = lifetime.map { now + max(0, $0) }
        return tokens
    }
}
