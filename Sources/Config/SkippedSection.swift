/// A section of `config.yaml` that files of F2S 0.5 contain and this version does not use. Its content is ignored.
struct SkippedSection: Sendable, Hashable {
    /// The path in the file.
    let path: String
    /// The text of the warning after the path: the reason why the section has no effect, and what to do instead.
    let reason: String

    /// All such sections.
    static let all: [SkippedSection] = [
        SkippedSection(
            path: "f2s.auth.token.tokens",
            reason: "has no effect: every token that is signed with jwt_secret is accepted. Leave it out."),
        SkippedSection(
            path: "f2s.memberlist",
            reason: "has no effect: F2S processes find each other through the cluster's API server. Leave it out."),
        SkippedSection(path: "f2s.kafka", reason: kafka),
        SkippedSection(path: "kafka", reason: kafka),
    ]

    /// Returns the warnings for the sections of a file. Sections with the same reason share one warning.
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

    private static let kafka = "has no effect: messages from Kafka come with issue 9 (Kafka)."

    private static func plural(_ reason: String) -> String { "have" + reason.dropFirst("has".count) }
}
