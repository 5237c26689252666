import F2SManifest
import F2SModel

/// Reads settings. Pure: the file's bytes and the environment are given.
public struct SettingsReader: Sendable {
    /// A reader.
    public init() {}

    /// The settings of a file with the environment on top; whatever neither sets has its default.
    /// - Parameters:
    ///   - bytes: content of the file; `nil`: there is none.
    ///   - place: name of the file in complaints.
    ///   - environment: variables by name. Those named `F2S_…` after a key of the file override it, and
    ///     `Prometheus_URL` sets `prometheus.url`; one that is empty counts as not set.
    /// - Throws: ``SettingsError`` with everything that is wrong. Unknown keys are, and so are unknown variables that
    ///   begin like a section (`F2S_TIMEOUTS_`). Others are not ours: Kubernetes sets `F2S_SERVICE_HOST` and the like.
    public func read(
        _ bytes: [UInt8]?, place: String = "config.yaml", environment: [String: String] = [:]
    ) throws(SettingsError) -> Settings {
        try reading(bytes, place: place, environment: environment).settings
    }

    /// As ``read(_:place:environment:)``, with a warning for each kind of section that is skipped because this version
    /// does not use it.
    public func reading(
        _ bytes: [UInt8]?, place: String = "config.yaml", environment: [String: String] = [:]
    ) throws(SettingsError) -> (settings: Settings, warnings: [String]) {
        var settings = Settings()
        var skipped: [String] = []
        var found = bytes.map { read(file: $0, place: place, into: &settings, &skipped) } ?? []
        found += read(environment, into: &settings)
        if found.isEmpty, settings.limits.targetBytesMax > settings.limits.headBytesMax {
            let message =
                "f2s.limits.target_bytes (\(settings.limits.targetBytesMax)) must be at most "
                + "f2s.limits.head_bytes (\(settings.limits.headBytesMax)), of which it is a part."
            found.append(Refusal(place: place, message: message))
        }
        guard found.isEmpty else { throw SettingsError(found) }
        return (settings, SkippedSection.warnings(for: skipped))
    }

    private func read(
        file bytes: [UInt8], place: String, into settings: inout Settings, _ skipped: inout [String]
    ) -> [Refusal] {
        var complaints: [YAMLComplaint] = []
        do {
            let documents = try YAMLReader().documents(bytes)
            if documents.count > 1 {
                complaints.append(
                    YAMLComplaint("The file holds \(documents.count) documents: it must hold one.", at: nil))
            }
            if let document = documents.first {
                read(YAMLCursor(try document.get()), into: &settings, &complaints, &skipped)
            }
        } catch {
            complaints.append(YAMLComplaint(error, at: nil))
        }
        return complaints.map {
            Refusal(place: place, line: $0.position?.line, column: $0.position?.column, message: $0.message)
        }
    }

    /// Reads a value: a key of the table, or a section that holds some.
    private func read(
        _ cursor: YAMLCursor, into settings: inout Settings, _ complaints: inout [YAMLComplaint],
        _ skipped: inout [String]
    ) {
        do {
            if let key = SettingsKey.all.first(where: { $0.path == cursor.path }) {
                try key.read(cursor, &settings)
            } else if SkippedSection.all.contains(where: { $0.path == cursor.path }) {
                if !cursor.isEmpty { skipped.append(cursor.path) }
            } else {
                let section = try cursor.map()
                let known = Self.names(below: cursor.path)
                complaints += section.unknownMembers(known: known, elsewhere: SettingsKey.all.map(\.path))
                for name in known {
                    // A key without a value keeps its default.
                    if let member = section[name] { read(member, into: &settings, &complaints, &skipped) }
                }
            }
        } catch {
            complaints.append(YAMLComplaint(error, at: cursor.node.position))
        }
    }

    private func read(_ environment: [String: String], into settings: inout Settings) -> [Refusal] {
        let variables = Dictionary(uniqueKeysWithValues: SettingsKey.all.map { ($0.variable, $0) })
        var complaints: [Refusal] = []
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where !text.isEmpty {
            guard let key = name == "Prometheus_URL" ? variables["F2S_PROMETHEUS_URL"] : variables[name] else {
                if let section = Self.sectionPrefixes.first(where: { name.hasPrefix($0) }) {
                    let near = NearestName.of(name, among: variables.keys.sorted())
                    let advice = near.map { "did you mean \($0)?" } ?? "no setting of \(section)… has this name."
                    complaints.append(Refusal(place: name, message: "The variable is not known: \(advice)"))
                }
                continue
            }
            do {
                try key.read(YAMLCursor(YAMLNode(.scalar(text, isPlain: true), at: nil), path: key.path), &settings)
            } catch {
                complaints.append(Refusal(place: name, message: YAMLComplaint(error, at: nil).message))
            }
        }
        return complaints
    }

    /// Names that may stand in a section; the root has the empty path.
    private static func names(below path: String) -> [String] {
        let prefix = path.isEmpty ? "" : path + "."
        var names: [String] = []
        for known in SettingsKey.all.map(\.path) + SkippedSection.all.map(\.path) where known.hasPrefix(prefix) {
            let name = String(known.dropFirst(prefix.count).prefix { $0 != "." })
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    private static let sectionPrefixes = ["F2S_TIMEOUTS_", "F2S_LIMITS_", "F2S_AUTH_", "F2S_PROMETHEUS_"]
}

extension YAMLCursor {
    /// Whether a section stands there without any content.
    fileprivate var isEmpty: Bool {
        switch node.content {
        case .map([]), .list([]): true
        default: node.isNull
        }
    }
}
