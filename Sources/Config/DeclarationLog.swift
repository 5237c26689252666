import F2SModel

/// Describes the changes between two states of the declarations as log lines. It has no side effects.
struct DeclarationLog: Sendable {
    /// The maximum number of functions of a first state that get a line each. If there are more, only the message about
    /// what is served counts them.
    static let listedMax = 20

    /// Returns the URL of a function.
    let url: @Sendable (Function) -> String

    /// Returns one line for each function that was declared, changed or removed.
    /// - Parameter isFirst: true if `new` is the first state, with no state before it.
    func lines(from old: FunctionSnapshot, to new: FunctionSnapshot, isFirst: Bool) -> [String] {
        guard !isFirst || new.functions.count <= Self.listedMax else { return [] }
        let changes = new.changes(since: old)
        return changes.declared.compactMap { line(about: $0, before: old.function(of: $0.id)) }
            + changes.removed.map { "Function \($0.name) is not declared any more (\(location(of: $0)))." }
    }

    private func line(about function: Function, before: Function?) -> String? {
        guard let before else {
            return "Function \(function.name) is declared (\(location(of: function))): \(invoked(function))"
        }
        if before.draft == function.draft, before.origin.restartedAt != function.origin.restartedAt {
            return "Function \(function.name) is restarted (\(location(of: function)))."
        }
        guard before.draft != function.draft || before.origin != function.origin else { return nil }
        return "Function \(function.name) has changed (\(location(of: function))): \(invoked(function))"
    }

    private func location(of function: Function) -> String {
        function.origin.location + (function.origin.line.map { ":\($0)" } ?? "")
    }

    private func invoked(_ function: Function) -> String {
        (function.method.map { $0.rawValue + " " } ?? "") + url(function)
    }
}
