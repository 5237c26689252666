/// Functions as `f2s list` and `f2s get` show them.
public struct FunctionTable: Sendable {
    /// The lines with their ends.
    public let text: String

    /// A table of functions.
    /// - Parameter now: seconds since 1970, for ages.
    public init(_ functions: [FunctionRecord], now: Double, layout: TextLayout = .plain) {
        var table = TextTable(["NAME", "ENDPOINT", "METHOD", "READY", "REPLICAS", "REASON", "AGE"])
        for function in functions {
            let ready = function.condition("Ready")
            // A condition besides Ready is there only while it holds, and is then what the user must know.
            let trouble = function.status?.conditions?.first { $0.isTrouble }
            let replicas = function.status.map { "\($0.readyReplicas ?? 0)/\($0.desiredReplicas ?? 0)" }
            table.add(cells: [
                .init(function.name), .init(function.spec.endpoint), .init(function.spec.method ?? "any"),
                .init(ready?.status ?? "Unknown", ready.map { $0.isTrue ? .good : .bad } ?? .plain), .init(replicas),
                .init(trouble?.reason ?? trouble?.type ?? ready?.reason, trouble == nil ? .plain : .bad),
                .init(
                    AgeText.text(since: function.metadata.creationTimestamp ?? ready?.lastTransitionTime, now: now)),
            ])
        }
        text = table.text(layout)
    }
}
