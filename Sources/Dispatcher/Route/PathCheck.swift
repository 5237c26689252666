/// Tells paths that two readers might take differently.
enum PathCheck {
    /// Whether a path has a segment `.` or `..`, raw or percent-encoded, or an encoded slash or backslash. Such a path
    /// is never the path of a function; behind a function's route it goes through byte for byte.
    static func isAmbiguous(_ path: String) -> Bool {
        let lower = path.lowercased()
        if lower.contains("%2f") || lower.contains("%5c") || lower.contains("\\") { return true }
        return lower.split(separator: "/").contains { segment in
            let plain = String(segment).replacing("%2e", with: ".")
            return plain == "." || plain == ".."
        }
    }
}
