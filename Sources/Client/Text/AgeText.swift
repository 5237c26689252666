import F2SModel
import FoundationEssentials

/// The age of a moment in at most two units: `45s`, `12m`, `3h20m`, `5d`.
enum AgeText {
    /// Returns the text of an age. A negative age counts as zero.
    static func text(seconds: Double) -> String {
        let total = seconds.isFinite ? Int64(max(0, min(seconds, 1e12))) : 0
        let (days, hours, minutes) = (total / 86_400, total / 3600 % 24, total / 60 % 60)
        if total < 120 { return "\(total)s" }
        if total < 3600 { return "\(minutes)m" }
        if total < 86_400 { return minutes == 0 ? "\(hours)h" : "\(hours)h\(minutes)m" }
        return days < 8 && hours > 0 ? "\(days)d\(hours)h" : "\(days)d"
    }

    /// Returns the age of a moment (RFC 3339). The text is empty if the moment is absent or malformed.
    static func text(since moment: String?, now: Double) -> String {
        guard let moment, let date = try? Date(moment, strategy: .iso8601) else { return "" }
        return text(seconds: now - date.timeIntervalSince1970)
    }
}
