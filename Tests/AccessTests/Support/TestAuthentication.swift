import F2SModel
import Logging

@testable import F2SAccess

/// Creates the authentication of these settings without a log.
/// - Parameters:
///   - tokens: The API tokens; without it, there are none.
///   - transport: The providers; without it, no provider answers.
func testAuthentication(
    _ settings: AuthSettings, tokens: Latest<APITokenSet?> = Latest(APITokenSet()), clock: any ControlClock,
    transport: any ProviderTransport = StubProviders(), canDigest: Bool = true
) -> CallerAuthentication {
    CallerAuthentication(
        settings, tokens: tokens, clock: clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        transport: transport, canDigest: canDigest)
}

extension CallerAuthentication {
    /// Verifies credentials of a client whose address does not matter.
    func verify(_ credentials: String?) async throws(CredentialError) -> Principal {
        try await verify(credentials, from: nil)
    }
}
