public import F2SModel

extension PasswordHash {
    private static let saltBytes = 16
    private static let keyBytes = 32

    /// Hashes a password with a new salt and the recommended costs.
    /// - Throws: An error if memory is short.
    public init(of password: String) throws {
        let costs = Costs.recommended
        let salt = try Crypto.randomBytes(Self.saltBytes)
        let key = try Crypto.scrypt(Array(password.utf8), salt: salt, costs, length: Self.keyBytes)
        self.init(costs: costs, salt: CredentialText.encode(salt), key: CredentialText.encode(key))
    }

    /// Returns true if this is the hash of the password. With the recommended costs it takes about a tenth of a second.
    /// - Throws: An error if memory is short.
    func matches(_ password: [UInt8]) throws(Crypto.Failure) -> Bool {
        guard let salt = CredentialText.decode(salt), let key = CredentialText.decode(key) else { return false }
        return Crypto.isEqual(key, try Crypto.scrypt(password, salt: salt, costs, length: key.count))
    }
}
