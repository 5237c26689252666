import F2SSystem
import Glibc
import ServiceLifecycle
import UnixSignals

/// Runs services until they end. The first signal begins a graceful shutdown; a later Ctrl-C ends the process at once.
struct EndSignals {
    /// The services. The group must not trap signals itself.
    let group: ServiceGroup
    /// Called at the first signal, before the graceful shutdown begins.
    let whenEnding: @Sendable () -> Void
    /// Called at Ctrl-C after another signal. The user does not want to wait for the remaining work.
    let whenEndedAtOnce: @Sendable () -> Void

    /// The exit status of a program that Ctrl-C has ended, as in shells.
    static let interruptedStatus: Int32 = 128 + SIGINT

    /// The signals of a graceful shutdown: SIGTERM, SIGINT (Ctrl-C) and SIGHUP (the terminal is closed). With nohup(1),
    /// SIGHUP is ignored.
    private static var trapped: [UnixSignal] {
        ignoresHangUp ? [.sigterm, .sigint] : [.sigterm, .sigint, .sighup]
    }

    /// Runs the services and returns when all have ended.
    /// - Throws: The error of a service.
    func run() async throws {
        // Trap the signals before anything is started. Otherwise, an early signal would kill the process.
        let signals = await UnixSignalsSequence(trapping: Self.trapped)
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                try await group.run()
                return true
            }
            tasks.addTask {
                await attend(signals)
                return false
            }
            while let isOver = try await tasks.next(), !isOver {}
            tasks.cancelAll()
        }
    }

    private func attend(_ signals: UnixSignalsSequence) async {
        var isEnding = false
        for await signal in signals {
            if !isEnding {
                isEnding = true
                whenEnding()
                await group.triggerGracefulShutdown()
            } else if signal == .sigint {
                whenEndedAtOnce()
            }
        }
    }

    /// True if the process ignores SIGHUP. `SigIgn` in proc_pid_status(5) is a mask of the ignored signals; its lowest
    /// bit is SIGHUP.
    private static var ignoresHangUp: Bool {
        let bytes = (try? ReadableFile.read("/proc/self/status", bytesMax: 16 * 1024)) ?? []
        let text = String(decoding: bytes, as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }
        let mask = line.flatMap { UInt64($0.dropFirst(7).drop { $0.isWhitespace }, radix: 16) } ?? 0
        return mask & 1 << UInt64(SIGHUP - 1) != 0
    }
}
