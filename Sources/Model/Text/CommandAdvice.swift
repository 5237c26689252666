/// Advice on commands that look as if they were written for a shell, although F2S runs them without one. Such commands
/// are not errors in themselves, because a program may accept `|` or `$PORT` as an argument. So F2S only adds the
/// advice to a warning, and to the message of a failed start.
public enum CommandAdvice {
    /// Returns one or two sentences about the likely mistake and the right form; `nil` if nothing looks wrong.
    /// - Parameter variables: the names of the variables that the program gets, except `PORT`.
    public static func advice(on command: [String], variables: some Collection<String>) -> String? {
        commandLine(command) ?? shellOperator(command) ?? shellVariable(command, variables) ?? homeFolder(command)
    }

    /// Detects a whole command line in one element: there is no program of that name.
    private static func commandLine(_ command: [String]) -> String? {
        guard let program = command.first else { return nil }
        let words = program.split(separator: " ").map { String($0) }
        guard words.count > 1, !words[0].contains("/") || words.dropFirst().contains(where: { $0.hasPrefix("-") })
        else { return nil }
        let needsShell = words.contains { operators.contains($0) } || program.contains("$")
        let form = needsShell ? shellForm(command.joined(separator: " ")) : list(words + command.dropFirst())
        return "The first element of target.command is a whole command line, so F2S looks for a program of that name. "
            + "Write the program and each argument as separate elements: \(form)."
    }

    private static func shellOperator(_ command: [String]) -> String? {
        guard let found = beforeShell(command).dropFirst().first(where: { operators.contains($0) }) else { return nil }
        return "No shell reads target.command, so `\(found)` is an argument of `\(command[0])`. If you need a "
            + "shell, name it: \(shellForm(command.joined(separator: " ")))."
    }

    private static func shellVariable(_ command: [String], _ variables: some Collection<String>) -> String? {
        for element in beforeShell(command) where !element.contains(where: \.isWhitespace) {
            for name in ["PORT"] + variables {
                for form in ["${\(name)}", "$\(name)"] {
                    guard let range = element.firstRange(of: form),
                        !(element[range.upperBound...].first.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false)
                    else { continue }
                    let right = element.replacing(form, with: "$(\(name))")
                    return "No shell reads target.command, so `\(form)` is not expanded. Write `\(right)`, "
                        + "which F2S expands as Kubernetes does."
                }
            }
        }
        return nil
    }

    private static func homeFolder(_ command: [String]) -> String? {
        guard let found = beforeShell(command).first(where: { $0.hasPrefix("~/") }) else { return nil }
        return "No shell reads target.command, so `~` in `\(found)` is not expanded. Write the whole path."
    }

    /// Returns the elements that no shell reads: those before the first one that names a shell.
    private static func beforeShell(_ command: [String]) -> ArraySlice<String> {
        command.prefix { element in !shells.contains(String(element.split(separator: "/").last ?? "")) }
    }

    private static func shellForm(_ line: String) -> String {
        let text = line.count > 60 ? String(line.prefix(57)) + "..." : line
        return "[sh, -c, '\(text.replacing("'", with: "''"))']"
    }

    private static func list(_ words: [String]) -> String {
        "["
            + words.map { $0.contains(where: { " ,:[]{}'\"#&*!|>%@`".contains($0) }) ? $0.jsonText : $0 }
            .joined(separator: ", ") + "]"
    }

    private static let shells: Set = ["sh", "bash", "dash", "ash", "ksh", "zsh", "fish", "busybox"]
    private static let operators: Set = ["|", "||", "&&", ";", "&", ">", ">>", "<", "2>", "2>&1", "&>"]
}
