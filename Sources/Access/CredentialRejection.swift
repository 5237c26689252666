import F2SModel

/// The result of a verification: credentials are not accepted.
struct CredentialRejection: Error {
    /// The reason for the caller.
    let error: CredentialError
    /// True if the provider of the token fails, so that an earlier result for the same token may be used.
    let isOutage: Bool

    init(_ error: CredentialError, isOutage: Bool = false) {
        self.error = error
        self.isOutage = isOutage
    }
}
