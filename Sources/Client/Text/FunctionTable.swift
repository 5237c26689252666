/// The table of functions that `f2s list` and `f2s get` print.
public struct FunctionTable: Sendable {
    /// The lines, each with its line end.
    public let text: String

    /// Creates a table of functions.
    /// - Parameter now: The current time in seconds since 1970, for the ages.
    public init(_ functions: [FunctionRecord], now: Double, layout: TextLayout = .plain) {
        var table = TextTable(["NAME", "ENDPOINT", "METHOD", "READY", "REPLICAS", "REASON", "AGE"])
        for function in functions {
            let ready = function.condition("Ready")
            // A condition that reports a failure is more important to the user than Ready, so its reason is shown.
            let startFailure = function.status?.conditions?.first { $0.isFailure }
            let replicas = function.status.map { "\($0.readyReplicas ?? 0)/\($0.desiredReplicas ?? 0)" }
            table.add(cells: [
                .init(function.name), .init(function.spec.endpoint), .init(function.spec.method ?? "any"),
                .init(ready?.status ?? "Unknown", ready.map { $0.isTrue ? .good : .bad } ?? .plain), .init(replicas),
                .init(startFailure?.reason ?? startFailure?.type ?? ready?.reason, startFailure == nil ? .plain : .bad),
                .init(
                    AgeText.text(since: function.metadata.creationTimestamp ?? ready?.lastTransitionTime, now: now)),
            ])
        }
        text = table.text(layout)
    }
}
