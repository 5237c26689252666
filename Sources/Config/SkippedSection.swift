/// A section of `config.yaml` that files of F2S 0.5 have and this version does not use. Its content is not looked at.
struct SkippedSection: Sendable, Hashable {
    /// Path in the file.
    let path: String
    /// What the warning says after the path: why it has no effect, and what brings it.
    let reason: String

    /// Every such section.
    static let all: [SkippedSection] = [
        SkippedSection(path: "f2s.auth.basic", reason: authentication),
        SkippedSection(path: "f2s.auth.token", reason: authentication),
        SkippedSection(path: "f2s.auth.authorization", reason: authentication),
        SkippedSection(
            path: "f2s.memberlist",
            reason: "has no effect: F2S processes find each other by the cluster's API server. Leave it out."),
        SkippedSection(path: "f2s.kafka", reason: kafka),
        SkippedSection(path: "kafka", reason: kafka),
    ]

    /// The warning for the sections of a file, one for those that have the same reason and the same parent.
    static func warnings(for paths: [String]) -> [String] {
        var order: [String] = []
        var pathsByReason: [String: [String]] = [:]
        for section in all where paths.contains(section.path) {
            if pathsByReason[section.reason] == nil { order.append(section.reason) }
            pathsByReason[section.reason, default: []].append(section.path)
        }
        return order.map { reason in
            let paths = pathsByReason[reason] ?? []
            return paths.joined(separator: ", ") + " " + (paths.count == 1 ? reason : plural(reason))
        }
    }

    private static let authentication =
        "has no effect: this version asks nobody for credentials. Authentication comes with issue 7 (access)."
    private static let kafka = "has no effect: messages from Kafka come with issue 9 (Kafka)."

    private static func plural(_ reason: String) -> String { "have" + reason.dropFirst("has".count) }
}
