import Glibc

/// What `f2s serve` says on standard output, for people and for scripts that start it.
enum Announcement {
    static func serving(_ address: String, _ options: ServeOptions) {
        say("F2S serves http://\(address)")
    }

    static func operations(_ address: String) {
        say("Metrics at http://\(address)/metrics")
    }

    /// Written at once: a script that waits for the line must not wait for a full buffer.
    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
