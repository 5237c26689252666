import F2SModel
import Glibc

/// What `f2s serve` says on standard output, for people and for scripts that start it.
enum Announcement {
    static func serving(_ address: String) {
        say("F2S serves http://\(address)")
    }

    static func management(_ address: String) {
        say("Functions are managed at http://\(address)")
    }

    static func operations(_ address: String) {
        say("Metrics at http://\(address)/metrics")
    }

    static func `internal`(_ address: String) {
        say("Other F2S processes at http://\(address)")
    }

    /// What is served when it begins, for the log: the wrong folder is noticed here.
    static func summary(of snapshot: FunctionSnapshot, _ place: Place) -> String {
        let served = snapshot.functions.count
        let refused = Set(snapshot.refusals.map(\.place)).count
        let holders = "\(refused) \(place.unit)\(refused == 1 ? " has" : "s have")"
        let rest = refused == 0 ? "." : "; \(holders) declarations that are refused."
        return "Serving \(served) function\(served == 1 ? "" : "s") of \(place.source())\(rest)"
    }

    /// Written at once: a script that waits for the line must not wait for a full buffer.
    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
