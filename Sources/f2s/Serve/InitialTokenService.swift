import F2SAccess
import F2SConfig
import F2SKubernetes
import F2SModel
import Logging
import ServiceLifecycle

/// Issues the first API token of an installation, so that its administrator can call F2S.
struct InitialTokenService: Service {
    /// The name of the token.
    static let tokenName = "initial"

    let token: InitialToken
    let group: String
    let settings: Latest<Settings>
    let clock: any ControlClock
    let logger: Logger

    /// The time between two attempts.
    private static let pause = Duration.seconds(5)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // With other settings, the token would be of no use, and its text would remain in the Secret.
            for await settings in settings.values() where Self.accept(group, settings.auth) {
                await issue()
                return
            }
        }
        // A service that returns would end the others.
        try? await gracefulShutdown()
    }

    /// Returns true if tokens of a group are accepted, and have a privilege.
    private static func accept(_ group: String, _ settings: AuthSettings) -> Bool {
        settings.methods.contains(.token) && !settings.grants(of: [group]).isEmpty
    }

    private func issue() async {
        var lastFailure: String?
        while !Task.isCancelled {
            do {
                let outcome = try await token.issue {
                    try APIToken.makeText()
                } storing: { text in
                    try APIToken.stored(
                        text, name: Self.tokenName, groups: [group], now: clock.secondsSince1970())
                }
                if outcome == .issued {
                    logger.notice(
                        """
                        F2S has issued the first API token. Read it in the Secret \(InitialToken.secretName), and \
                        delete that Secret.
                        """, metadata: ["name": "\(Self.tokenName)", "group": "\(group)"])
                }
                return
            } catch {
                let failure = (error as? APITokenStoreError)?.problem.detail ?? "\(error)"
                if failure != lastFailure, !Task.isCancelled {
                    logger.warning("The first API token cannot be issued; trying again: \(failure)")
                }
                lastFailure = failure
            }
            // The pause ends early only by cancellation, which the loop checks itself.
            try? await Task.sleep(for: Self.pause)
        }
    }
}
