import Glibc
import ServiceLifecycle
import UnixSignals

/// Runs services until they end, and ends them by signals: the first one gently, a second Ctrl-C at once.
struct EndSignals {
    /// What runs. It must not trap signals itself.
    let group: ServiceGroup
    /// Called at the first signal, before the services are told.
    let whenEnding: @Sendable () -> Void
    /// Called at Ctrl-C after another signal: what is not done by then is not wanted any more.
    let whenEndedAtOnce: @Sendable () -> Void

    /// Exit status of a program that Ctrl-C has ended, as shells give it.
    static let interruptedStatus: Int32 = 128 + SIGINT

    /// SIGTERM, Ctrl-C, and the hang-up of a terminal: its programs end as they do when somebody asks them to. Who was
    /// started by nohup(1) goes on.
    private static var trapped: [UnixSignal] {
        ignoresHangUp ? [.sigterm, .sigint] : [.sigterm, .sigint, .sighup]
    }

    /// Returns when every service has ended.
    /// - Throws: what a service throws.
    func run() async throws {
        // Before anything is started, so that no signal finds the system's own answer, which is to die.
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

    /// proc_pid_status(5): a mask of the signals that are ignored, the lowest bit being SIGHUP.
    private static var ignoresHangUp: Bool {
        let file = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        let count = read(file, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }
        let mask = line.flatMap { UInt64($0.dropFirst(7).drop { $0.isWhitespace }, radix: 16) } ?? 0
        return mask & 1 << UInt64(SIGHUP - 1) != 0
    }
}
