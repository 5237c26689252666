import F2SModel
import F2SSystem
import Synchronization

/// Checks passwords on threads of their own, because a check takes about a tenth of a second of processor time.
final class PasswordChecks: Sendable {
    private let limiter = Mutex(GuessLimiter())
    private let unproven: WorkThread
    /// The thread for clients that were right before. Others that send many wrong passwords do not make them wait.
    private let proven: WorkThread

    /// - Parameter queueMax: The number of checks that may wait, for each of the two kinds of clients.
    init(queueMax: Int) {
        unproven = WorkThread(name: "f2s-passwords", queueMax: queueMax)
        proven = WorkThread(name: "f2s-proven", queueMax: queueMax)
    }

    /// Returns the groups of a user whose password is right.
    /// - Throws: ``CredentialError/wrongPassword``, ``CredentialError/tooManyFailures``, or ``CredentialError/busy``.
    func groups(
        for credentials: BasicCredentials, of users: UserTable, from client: UInt64?, now: Duration
    ) async throws(CredentialError) -> [String] {
        let begun = limiter.withLock { $0.begin(credentials.user, from: client, now: now) }
        guard let attempt = begun else { throw .tooManyFailures }
        let result = await check(credentials, users, on: attempt.isProven ? proven : unproven)
        let isRight: Bool? =
            switch result {
            case .success: true
            case .failure(.busy): nil
            case .failure: false
            }
        limiter.withLock { $0.end(attempt, isRight: isRight) }
        return try result.get()
    }

    private func check(
        _ credentials: BasicCredentials, _ users: UserTable, on thread: WorkThread
    ) async -> Result<[String], CredentialError> {
        do {
            return try await thread.run { () -> Result<[String], CredentialError> in
                do throws(CredentialError) { return .success(try users.groups(for: credentials)) } catch {
                    return .failure(error)
                }
            }
        } catch {
            return .failure(.busy)
        }
    }
}
