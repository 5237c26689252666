/// Says what a command that no shell reads was probably meant to be. The mistakes that it knows are no errors in
/// themselves, because a program may well take `|` or `$PORT` as an argument: it is advice, given with a warning, and
/// with the message of a start that failed.
public enum CommandAdvice {
    /// The mistake and the right form, as one or two sentences; `nil`: nothing looks wrong.
    /// - Parameter variables: names of the variables that the program gets, `PORT` aside.
    public static func advice(on command: [String], variables: some Collection<String>) -> String? {
        commandLine(command) ?? shellOperator(command) ?? shellVariable(command, variables) ?? homeFolder(command)
    }

    /// A whole command line in one element: a program of that name does not exist.
    private static func commandLine(_ command: [String]) -> String? {
        guard let program = command.first else { return nil }
        let words = program.split(separator: " ").map { String($0) }
        guard words.count > 1, !words[0].contains("/") || words.dropFirst().contains(where: { $0.hasPrefix("-") })
        else { return nil }
        let needsShell = words.contains { operators.contains($0) } || program.contains("$")
        let form = needsShell ? shellForm(command.joined(separator: " ")) : list(words + command.dropFirst())
        return "The first element of target.command is a whole command line, and a program of that name is looked "
            + "for. Write the program and each argument as elements of their own: \(form)."
    }

    private static func shellOperator(_ command: [String]) -> String? {
        guard let found = beforeShell(command).dropFirst().first(where: { operators.contains($0) }) else { return nil }
        return "No shell reads target.command, so that `\(found)` is an argument of `\(command[0])`. If a shell is "
            + "meant, name it: \(shellForm(command.joined(separator: " ")))."
    }

    private static func shellVariable(_ command: [String], _ variables: some Collection<String>) -> String? {
        for element in beforeShell(command) where !element.contains(where: \.isWhitespace) {
            for name in ["PORT"] + variables {
                for form in ["${\(name)}", "$\(name)"] {
                    guard let range = element.firstRange(of: form),
                        !(element[range.upperBound...].first.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false)
                    else { continue }
                    let right = element.replacing(form, with: "$(\(name))")
                    return "No shell reads target.command, so that `\(form)` stays as it stands. Write `\(right)`, "
                        + "which F2S expands as Kubernetes does."
                }
            }
        }
        return nil
    }

    private static func homeFolder(_ command: [String]) -> String? {
        guard let found = beforeShell(command).first(where: { $0.hasPrefix("~/") }) else { return nil }
        return "No shell reads target.command, so that `~` in `\(found)` stays as it stands. Write the whole path."
    }

    /// The elements that no shell reads: those before the first one that names a shell.
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
