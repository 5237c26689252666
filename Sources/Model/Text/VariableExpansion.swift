extension String {
    /// Returns the text with each `$(NAME)` replaced by that variable, as Kubernetes does in a container's `command`
    /// and `env`. A name that is not in `variables` is left unchanged, `$$` becomes a dollar sign, and any other `$` is
    /// itself.
    public func expandingVariables(_ variables: [String: String]) -> String {
        guard utf8.contains(UInt8(ascii: "$")) else { return self }
        var text = ""
        var rest = self[...]
        while let dollar = rest.firstIndex(of: "$") {
            text += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                text += "$"
                rest = rest.dropFirst()
            } else if rest.first == "(", let end = rest.firstIndex(of: ")") {
                let name = String(rest[..<end].dropFirst())
                text += variables[name] ?? "$(\(name))"
                rest = rest[rest.index(after: end)...]
            } else {
                text += "$"
            }
        }
        return text + rest
    }
}

extension [String: String] {
    /// The variables with the references in their values expanded, as Kubernetes does with a list that is sorted by
    /// name: a value may refer to the variables before it.
    public var expandingVariables: [String: String] {
        sorted { $0.key < $1.key }.reduce(into: [:]) { known, variable in
            known[variable.key] = variable.value.expandingVariables(known)
        }
    }
}
