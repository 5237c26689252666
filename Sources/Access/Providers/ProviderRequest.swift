import F2SModel

/// A request to a provider.
struct ProviderRequest: Sendable {
    /// The URL.
    let url: String
    /// The value of Authorization; `nil` for none.
    var authorization: Secret?
    /// The form that is posted (`application/x-www-form-urlencoded`); `nil` for a GET.
    var form: Secret?
    /// The file with the certificate authorities that may vouch for the provider; `nil` for those of the system.
    var caFile: String?
}
