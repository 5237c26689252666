import F2SManifest
import F2SModel

extension Settings {
    /// The settings in the form of `config.yaml`, as JSON: every key with its value, defaults included, secrets masked.
    public var json: String { Self.section(SettingsKey.all.map { (Self.names($0.path), $0.json(self)) }) }

    /// Returns one JSON object for the members of a section, in the order of the table.
    private static func section(_ members: [(path: ArraySlice<String>, json: String)]) -> String {
        var order: [String] = []
        var byName: [String: [(path: ArraySlice<String>, json: String)]] = [:]
        for (path, json) in members {
            guard let name = path.first else { continue }
            if byName[name] == nil { order.append(name) }
            byName[name, default: []].append((path.dropFirst(), json))
        }
        let written = order.map { name in
            let inner = byName[name] ?? []
            let value = inner.first { $0.path.isEmpty }?.json ?? section(inner)
            return "\(name.jsonText):\(value)"
        }
        return "{\(written.joined(separator: ","))}"
    }

    private static func names(_ path: String) -> ArraySlice<String> { path.split(separator: ".").map(String.init)[...] }
}
