import F2SConfig
import F2SKubernetes
import F2SModel
import Logging
import ServiceLifecycle

/// Applies changes of the settings' ConfigMap. The leader stores the last good settings in it.
struct StoredSettingsService: Service {
    let object: SettingsObject
    /// The location of the ConfigMap in error messages.
    let location: String
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
                        settings.apply(stored.text, from: location, lastGood: stored.lastGood)
                    }
                }
                tasks.addTask {
                    while !Task.isCancelled {
                        await keepGoodSettings()
                        // Only a cancellation ends the pause early, and the loop checks for it.
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
            logger.debug("The last good settings could not be stored; trying again: \(error)")
        }
    }
}
