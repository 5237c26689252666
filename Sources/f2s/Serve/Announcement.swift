import F2SModel
import Glibc

/// The lines that `f2s serve` writes to standard output, for people and for scripts that start it.
enum Announcement {
    static func serving(_ url: String) {
        say("F2S serves \(url)")
    }

    static func management(_ url: String) {
        say("Functions are managed at \(url)")
    }

    static func console(_ url: String) {
        say("Console at \(url)")
    }

    static func operations(_ address: String) {
        say("Metrics at http://\(address)/metrics")
    }

    static func `internal`(_ address: String) {
        say("Other F2S processes at http://\(address)")
    }

    /// Returns the log line at the start with the number of functions and their source. It shows a wrong folder.
    static func summary(of snapshot: FunctionSnapshot, _ context: PlatformContext) -> String {
        let served = snapshot.functions.count
        let refused = Set(snapshot.rejections.map(\.location)).count
        let holders = "\(refused) \(context.unit)\(refused == 1 ? " has" : "s have")"
        let rest = refused == 0 ? "." : "; \(holders) rejected declarations."
        return "Serving \(served) function\(served == 1 ? "" : "s") of \(context.source())\(rest)"
    }

    /// Writes a line without buffering, because a script may wait for it.
    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
