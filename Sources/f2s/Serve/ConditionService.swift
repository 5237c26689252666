import F2SModel
import Logging
import ServiceLifecycle

/// Reports changes of the installation's conditions to the platform and the log.
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
                    // A condition that holds is reported only if it did not hold before.
                    guard !condition.isTrue || before?.isTrue == false else { continue }
                    if !condition.isTrue { logger.warning("\(condition.reason): \(condition.message)") }
                    await report(condition)
                }
                // Only a cancellation ends the pause early, and the loop checks for it.
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}
