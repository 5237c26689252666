public import F2SModel

/// Why a function is as it is, for people: `f2s why`.
public struct DiagnosisText: Sendable {
    /// The lines with their ends.
    public let text: String

    /// The account of a function.
    public init(_ diagnosis: FunctionDiagnosis, layout: TextLayout = .plain) {
        let isTrouble = diagnosis.conditions.contains { ConditionRecord.isTrouble($0.kind.rawValue, isTrue: $0.isTrue) }
        let summary = layout.styled(diagnosis.summary.printable, isTrouble ? .bad : .plain)
        var lines = ["\(diagnosis.function): \(summary)"]
        if let scale = diagnosis.scale {
            lines.append("replicas: \(scale.ready) ready, \(scale.replicas) running, \(scale.desired) desired")
            lines.append("decision: \(scale.reason): \(scale.message.printable)")
            let mode = scale.isPanicking ? ", which rules now" : ""
            lines.append(
                "average concurrency: \(Self.rounded(scale.stableConcurrency)) in the stable window, "
                    + "\(Self.rounded(scale.panicConcurrency)) in the panic window\(mode)")
        }
        if let load = diagnosis.load {
            lines.append("load: \(load.inFlight) in flight, \(load.queued) waiting")
        }
        for replica in diagnosis.replicas {
            if let remark = replica.remark { lines.append("replica \(replica.id.printable): \(remark.printable)") }
        }
        if let trouble = diagnosis.trouble {
            let status = trouble.exitStatus.map { ", exit status \($0)" } ?? ""
            lines.append(
                layout.styled("trouble", .bad)
                    + ": \(trouble.reason) in stage \(trouble.stage.rawValue)\(status), attempt \(trouble.attempts), "
                    + "next in \(trouble.retryAfterSeconds) s")
            lines += trouble.logTail.map { "| \(TerminalEscaper.escaped($0))" }
        }
        text = lines.map { $0 + "\n" }.joined()
    }

    private static func rounded(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
        return "\((value * 100).rounded() / 100)"
    }
}
