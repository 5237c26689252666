import F2SModel
import Glibc

/// What `f2s serve` says on standard output, for people and for scripts that start it.
enum Announcement {
    static func serving(_ address: String) {
        say("F2S serves http://\(address)")
    }

    static func operations(_ address: String) {
        say("Metrics at http://\(address)/metrics")
    }

    /// What is served when it begins, for the log: the wrong folder is noticed here.
    static func summary(of snapshot: FunctionSnapshot, folder: String) -> String {
        let served = snapshot.functions.count
        let refused = Set(snapshot.refusals.map(\.place)).count
        let rest =
            refused == 0 ? "." : "; \(refused) file\(refused == 1 ? " has" : "s have") declarations that are refused."
        let remark = access(folder, F_OK) == 0 ? "" : " (which does not exist yet)"
        return "Serving \(served) function\(served == 1 ? "" : "s") of \(folder)\(remark)\(rest)"
    }

    /// Written at once: a script that waits for the line must not wait for a full buffer.
    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
