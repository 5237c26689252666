import F2SModel

/// What has changed between two states of the declarations, as lines of the log. Pure.
struct DeclarationLog: Sendable {
    /// Functions of a first state that get a line each; more are counted by who says what is served.
    static let listedMax = 20

    /// Where a function is invoked.
    let url: @Sendable (Function) -> String

    /// One line per function that is declared, has changed or is not declared any more.
    /// - Parameter isFirst: whether nothing was known before.
    func lines(from old: FunctionSnapshot, to new: FunctionSnapshot, isFirst: Bool) -> [String] {
        guard !isFirst || new.functions.count <= Self.listedMax else { return [] }
        let changes = new.changes(since: old)
        return changes.declared.compactMap { line(about: $0, before: old.function(of: $0.id)) }
            + changes.removed.map { "Function \($0.name) is not declared any more (\(place(of: $0)))." }
    }

    private func line(about function: Function, before: Function?) -> String? {
        guard let before else {
            return "Function \(function.name) is declared (\(place(of: function))): \(invoked(function))"
        }
        if before.draft == function.draft, before.origin.restartedAt != function.origin.restartedAt {
            return "Function \(function.name) is restarted (\(place(of: function)))."
        }
        guard before.draft != function.draft || before.origin != function.origin else { return nil }
        return "Function \(function.name) has changed (\(place(of: function))): \(invoked(function))"
    }

    private func place(of function: Function) -> String {
        function.origin.place + (function.origin.line.map { ":\($0)" } ?? "")
    }

    private func invoked(_ function: Function) -> String {
        (function.method.map { $0.rawValue + " " } ?? "") + url(function)
    }
}
