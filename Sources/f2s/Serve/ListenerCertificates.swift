import F2SConfig
import F2SDispatcher
import F2SModel
import Logging
import Synchronization

/// Passes the certificate of the settings to the dispatcher.
final class ListenerCertificates: Sendable {
    private let settings: Latest<Settings>
    private let dispatcher: Dispatcher
    private let logger: Logger
    /// The settings of TLS that the dispatcher uses. Held during a change, so that no older one follows a newer one.
    private let applied: Mutex<TLSSettings>

    /// - Parameter initial: The settings of TLS with which the dispatcher was created.
    init(initial: TLSSettings, settings: Latest<Settings>, dispatcher: Dispatcher, logger: Logger) {
        applied = Mutex(initial)
        self.settings = settings
        self.dispatcher = dispatcher
        self.logger = logger
    }

    /// Passes the settings of TLS in force, if they have changed.
    func applyChange() { apply(isRenewal: false) }

    /// Replaces the keys of session tickets every 12 hours. An attacker who obtains a key can decrypt recorded
    /// connections of TLS 1.2 that used its tickets.
    func renewTicketKeys() async {
        while !Task.isCancelled {
            // The sleep ends early only by cancellation, which the loop checks itself.
            try? await Task.sleep(for: Self.ticketKeyLifetime)
            if !Task.isCancelled { apply(isRenewal: true) }
        }
    }

    private static let ticketKeyLifetime = Duration.seconds(12 * 3600)

    private func apply(isRenewal: Bool) {
        applied.withLock { applied in
            let tls = settings.current.tls
            guard isRenewal || tls != applied else { return }
            do {
                dispatcher.apply(try ListenerTLS(tls))
                applied = tls
            } catch {
                // The settings were checked, so this is a lack of memory.
                logger.error(
                    "The TLS certificate was not replaced: F2S tries again with the next change of the settings.",
                    metadata: ["error": "\(error)"])
            }
        }
    }
}
