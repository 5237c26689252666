import F2SModel
import Logging
import ServiceLifecycle

/// Tells the platform and the log how the conditions of the installation change.
struct ConditionService: Service {
    let conditions: @Sendable () -> [InstallationCondition]
    let report: @Sendable (InstallationCondition) async -> Void
    let logger: Logger

    private static let pause = Duration.seconds(1)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var told: [InstallationCondition.Kind: InstallationCondition] = [:]
            while !Task.isCancelled {
                for condition in conditions() where told[condition.kind] != condition {
                    let before = told.updateValue(condition, forKey: condition.kind)
                    // That all is well is worth a word only where it was not.
                    guard !condition.isTrue || before?.isTrue == false else { continue }
                    if !condition.isTrue { logger.warning("\(condition.reason): \(condition.message)") }
                    await report(condition)
                }
                // The pause ends early by cancellation only, which the loop looks at itself.
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}
