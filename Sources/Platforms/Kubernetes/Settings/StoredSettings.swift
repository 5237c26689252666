/// What the cluster keeps of F2S's settings: the ConfigMap that they come from.
public struct StoredSettings: Sendable, Hashable {
    /// `config.yaml` as it is now; `nil`: the ConfigMap is gone, or has no such key.
    public var text: String?
    /// The newest `config.yaml` that F2S accepted, as the leader has noted it in an annotation.
    public var lastGood: String?

    /// Key of the settings in the ConfigMap.
    static let key = "config.yaml"
    /// Annotation of the ConfigMap that holds ``lastGood``.
    static let lastGoodAnnotation = "f2s.opensight.ch/last-good-config"
    /// Bytes of settings that are noted: all annotations of an object together have 256 KiB.
    static let lastGoodBytesMax = 128 * 1024
}

/// What is looked at of a ConfigMap.
struct SettingsConfigMap: Sendable, Hashable, Decodable {
    private struct Wire: Decodable {
        struct Metadata: Decodable {
            let name: String
            let annotations: [String: String]?
            let resourceVersion: String?
        }
        let metadata: Metadata
        let data: [String: String]?
    }

    /// `metadata.name`.
    let name: String
    /// `metadata.resourceVersion`.
    let resourceVersion: String?
    /// The settings in it.
    let settings: StoredSettings

    init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        name = wire.metadata.name
        resourceVersion = wire.metadata.resourceVersion
        settings = StoredSettings(
            text: wire.data?[StoredSettings.key],
            lastGood: wire.metadata.annotations?[StoredSettings.lastGoodAnnotation])
    }
}
