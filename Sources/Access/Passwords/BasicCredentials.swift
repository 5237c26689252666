import F2SModel

/// The credentials of HTTP's Basic scheme (RFC 7617): a user and a password.
struct BasicCredentials {
    let user: String
    let password: [UInt8]

    /// The challenge for WWW-Authenticate.
    static let challenge = "Basic realm=\"f2s\", charset=\"UTF-8\""

    /// Reads the text behind `Basic`.
    /// - Throws: ``CredentialError/malformed`` if it is not Base64 with a colon.
    init(_ text: Substring) throws(CredentialError) {
        guard let bytes = CredentialText.decode(text), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: bytes[..<colon], as: UTF8.self)
        else { throw .malformed }
        self.user = user
        password = Array(bytes[(colon + 1)...])
    }
}

/// The users of the settings, and the check of their passwords.
struct UserTable: Sendable {
    private enum Check: Sendable {
        /// A password in the clear, as in settings of F2S 0.5.
        case plain([UInt8])
        case hash(PasswordHash)
    }

    private let checks: [String: Check]
    private let groups: [String: [String]]
    /// The hash with the highest costs; `nil` if no user has a hash. A check that needs no hash computes this one, so
    /// that the time tells neither if a user exists nor how its password is stored.
    private let slowest: PasswordHash?

    init(_ users: [AuthSettings.User]) {
        checks = Dictionary(users.map { ($0.name, Self.check($0.password.revealed)) }) { first, _ in first }
        groups = Dictionary(users.map { ($0.name, $0.groups) }) { first, _ in first }
        slowest = users.compactMap { PasswordHash($0.password.revealed) }.max { $0.costs.work < $1.costs.work }
    }

    private static func check(_ password: String) -> Check {
        PasswordHash(password).map { .hash($0) } ?? .plain(Array(password.utf8))
    }

    /// Returns the groups of a user whose password is right.
    /// - Throws: ``CredentialError/wrongPassword`` if the user is unknown or the password is wrong, and
    ///   ``CredentialError/busy`` if memory is short.
    func groups(for credentials: BasicCredentials) throws(CredentialError) -> [String] {
        let check = checks[credentials.user] ?? .plain([])
        let isRight: Bool
        do {
            switch check {
            case .hash(let hash): isRight = try hash.matches(credentials.password)
            case .plain(let password):
                isRight = Crypto.isEqual(password, credentials.password)
                _ = try slowest?.matches(credentials.password)
            }
        } catch {
            throw .busy
        }
        guard isRight, let groups = groups[credentials.user] else { throw .wrongPassword }
        return groups
    }
}

extension PasswordHash.Costs {
    /// The time of a check, in an arbitrary unit.
    fileprivate var work: UInt64 { (1 << logarithm) * blocks * lanes }
}
