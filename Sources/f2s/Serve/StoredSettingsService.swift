import F2SConfig
import F2SKubernetes
import F2SModel
import Logging
import ServiceLifecycle

/// Keeps the settings in step with the ConfigMap that they come from; the leader notes the good ones there.
struct StoredSettingsService: Service {
    let object: SettingsObject
    /// What the ConfigMap is called in complaints.
    let place: String
    let settings: SettingsFile
    let isLeader: @Sendable () -> Bool
    let logger: Logger

    private static let pause = Duration.seconds(1)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { tasks in
                tasks.addTask {
                    for await stored in object.latest.values() {
                        guard let stored else { continue }
                        settings.take(stored.text, from: place, lastGood: stored.lastGood)
                    }
                }
                tasks.addTask {
                    while !Task.isCancelled {
                        await keepGoodSettings()
                        // The pause ends early by cancellation only, which the loop looks at itself.
                        try? await Task.sleep(for: Self.pause)
                    }
                }
            }
        }
    }

    private func keepGoodSettings() async {
        guard isLeader(), let good = settings.acceptedText, let stored = object.latest.current,
            stored.text == good, stored.lastGood != good
        else { return }
        do {
            try await object.keep(good)
        } catch {
            logger.debug("The good settings cannot be noted; trying again: \(error)")
        }
    }
}
