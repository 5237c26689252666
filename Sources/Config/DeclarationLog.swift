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
        let before = Dictionary(old.functions.map { ($0.id, $0) }) { first, _ in first }
        var left = before
        var lines: [String] = []
        for function in new.functions {
            left[function.id] = nil
            if let known = before[function.id] {
                if known.draft == function.draft, known.origin.restartedAt != function.origin.restartedAt {
                    lines.append("Function \(function.name) is restarted (\(place(of: function))).")
                } else if known.draft != function.draft || known.origin != function.origin {
                    lines.append("Function \(function.name) has changed (\(place(of: function))): \(invoked(function))")
                }
            } else {
                lines.append("Function \(function.name) is declared (\(place(of: function))): \(invoked(function))")
            }
        }
        for function in old.functions where left[function.id] != nil {
            lines.append("Function \(function.name) is not declared any more (\(place(of: function))).")
        }
        return lines
    }

    private func place(of function: Function) -> String {
        function.origin.place + (function.origin.line.map { ":\($0)" } ?? "")
    }

    private func invoked(_ function: Function) -> String {
        (function.method.map { $0.rawValue + " " } ?? "") + url(function)
    }
}
