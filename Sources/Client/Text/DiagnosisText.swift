public import F2SModel

/// The diagnosis of a function as text for people: `f2s why`.
public struct DiagnosisText: Sendable {
    /// The lines, each with its line end.
    public let text: String

    /// The maximum number of former decisions that are shown.
    static let decisionsMax = 5

    /// Formats the diagnosis of a function.
    /// - Parameter now: The current time in seconds since 1970, for the ages.
    public init(_ diagnosis: FunctionDiagnosis, now: Double, layout: TextLayout = .plain) {
        let isFailure = diagnosis.conditions.contains { ConditionRecord.isFailure($0.kind.rawValue, isTrue: $0.isTrue) }
        let summary = layout.styled(diagnosis.summary.printable, isFailure ? .bad : .plain)
        var lines = ["\(diagnosis.function): \(summary)"]
        if let scale = diagnosis.scale {
            lines.append("replicas: \(scale.ready) ready, \(scale.replicas) running, \(scale.desired) desired")
            lines.append("decision: \(scale.reason): \(scale.message.printable)")
            let mode = scale.isPanicking ? ", which rules now" : ""
            lines.append(
                "average concurrency: \(Self.rounded(scale.stableConcurrency)) in the stable window, "
                    + "\(Self.rounded(scale.panicConcurrency)) in the panic window\(mode)")
        }
        if let decisions = diagnosis.decisions, !decisions.isEmpty {
            lines.append("last changes of the number of replicas:")
            lines += decisions.suffix(Self.decisionsMax).map { Self.line($0, now: now) }
        }
        if let load = diagnosis.load {
            lines.append("load: \(load.inFlight) in flight, \(load.queued) waiting")
        }
        for replica in diagnosis.replicas {
            if let remark = replica.remark { lines.append("replica \(replica.id.printable): \(remark.printable)") }
        }
        if let startFailure = diagnosis.startFailure {
            let status = startFailure.exitStatus.map { ", exit status \($0)" } ?? ""
            lines.append(
                layout.styled("start failure", .bad)
                    + ": \(startFailure.reason) in stage \(startFailure.stage.rawValue)\(status), "
                    + "attempt \(startFailure.attempts), next in \(startFailure.retryAfterSeconds) s")
            lines += startFailure.logTail.map { "| \(TerminalEscaper.escaped($0))" }
        }
        text = lines.map { $0 + "\n" }.joined()
    }

    private static func line(_ change: ScaleChange, now: Double) -> String {
        let age = AgeText.text(seconds: now - change.time)
        return "  \(age) ago, from \(change.from) to \(change.to): \(change.reason): \(change.message.printable)"
    }

    private static func rounded(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
        return "\((value * 100).rounded() / 100)"
    }
}
