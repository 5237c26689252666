import F2SModel

/// The ways to sign in, and the caller of the request.
struct SessionView: Encodable, Sendable {
    /// A way to sign in.
    struct Method: Encodable, Sendable {
        let kind: String
        var url: String?
        var title: String?

        init(_ method: SignInMethod) {
            switch method {
            case .password: kind = "password"
            case .token: kind = "token"
            case .provider(let url, let title):
                kind = "provider"
                self.url = url
                self.title = title
            }
        }
    }

    /// A caller.
    struct Caller: Encodable, Sendable {
        let name: String
        let groups: [String]
        let privileges: [String]

        init(_ principal: Principal) {
            name = principal.name
            groups = principal.groups
            privileges = principal.grants.map(\.description).sorted()
        }
    }

    let methods: [Method]
    /// The caller; `nil` if the request has no valid session.
    let caller: Caller?
    /// True if callers are authenticated.
    let isProtected: Bool
    /// The URL below which functions are invoked, without a slash at its end.
    let invocationURL: String

    private enum CodingKeys: CodingKey {
        case methods, caller, isProtected, invocationURL
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(methods, forKey: .methods)
        // Without a caller the member is `null`.
        try container.encode(caller, forKey: .caller)
        try container.encode(isProtected, forKey: .isProtected)
        try container.encode(invocationURL, forKey: .invocationURL)
    }
}

/// A session that has begun, without its cookie.
struct ProofView: Encodable, Sendable {
    let proof: String
    let lifetimeSeconds: Int
}

/// The end of a session.
struct SignOutView: Encodable, Sendable {
    /// The URL at which the browser also signs out at the provider; `nil` if there is none.
    let location: String?

    private enum CodingKeys: CodingKey {
        case location
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(location, forKey: .location)
    }
}
