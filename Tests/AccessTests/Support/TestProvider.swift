import F2SModel
import Synchronization

@testable import F2SAccess

/// A provider in memory at which people sign in.
struct TestProvider {
    static let url = "https://id.example.org"
    static let callback = "http://127.0.0.1:8090/session/callback"

    let transport = StubProviders()
    let key = SigningKey("ES256", id: "one")
    let clock: any ControlClock

    /// Publishes the provider.
    /// - Parameter more: Further members of its description.
    func publish(_ more: String = "") {
        transport.publish([key], of: Self.url)
        transport.set(
            """
            {"issuer":"\(Self.url)","jwks_uri":"\(Self.url)/jwks","authorization_endpoint":"\(Self.url)/page?x=1",\
            "token_endpoint":"\(Self.url)/token","end_session_endpoint":"\(Self.url)/end"\(more)}
            """, at: "\(Self.url)/.well-known/openid-configuration")
    }

    /// The settings with this provider.
    static func settings(_ change: (inout AuthSettings.Issuer) -> Void = { _ in }) -> AuthSettings {
        var provider = AuthSettings.Issuer(url: url)
        provider.audiences = ["f2s"]
        provider.groupsPrefix = "id:"
        var login = AuthSettings.Issuer.Login(clientID: "console")
        login.clientSecret = Secret("s:ecret")
        provider.login = login
        change(&provider)
        var settings = AuthSettings()
        settings.methods = [.basic, .oidc]
        settings.issuers = [provider]
        settings.users = [.init(name: "ann", password: Secret("ann-password"), groups: ["team"])]
        settings.token.key = Secret("0123456789abcdef0123456789abcdef")
        settings.grants = ["team": [Grant(.list)], "id:team": [Grant(.invoke)]]
        return settings
    }

    /// Makes the provider exchange any code, or refresh token, for an ID token of these claims.
    /// - Parameter more: Further members of the answer.
    func answer(
        _ claims: [String: String] = [:], nonce: String?, key other: SigningKey? = nil,
        more: String = #","expires_in":300,"refresh_token":"next""#
    ) {
        let now = Int(clock.secondsSince1970())
        var all = [
            "iss": "\"\(Self.url)\"", "aud": #""console""#, "sub": #""bob""#, "groups": #"["team"]"#,
            "exp": "\(now + 300)", "iat": "\(now)",
        ]
        if let nonce { all["nonce"] = "\"\(nonce)\"" }
        all.merge(claims) { $1 }
        let text = "{\(all.filter { !$0.value.isEmpty }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ","))}"
        let signer = other ?? key
        let token = signer.token(text, header: #"{"alg":"\#(signer.algorithm)","typ":"JWT","kid":"one"}"#)
        transport.set(
            #"{"id_token":"\#(token)","access_token":"a","token_type":"bearer"\#(more)}"#, at: "\(Self.url)/token")
    }
}

/// Returns the parameters of a URL's query.
func parameters(of url: String) -> [String: String] {
    let pairs = url.drop { $0 != "?" }.dropFirst().split(separator: "&").map { pair in
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), decoded(parts[1]))
    }
    return Dictionary(pairs) { first, _ in first }
}

private func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
            bytes.append(value)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
