/// F2S's settings as the cluster stores them in a ConfigMap.
public struct StoredSettings: Sendable, Hashable {
    /// The current `config.yaml`; `nil` if the ConfigMap is missing, or has no such key.
    public var text: String?
    /// The newest `config.yaml` that F2S accepted, which the leader stores in an annotation.
    public var lastGood: String?

    /// Key of the settings in the ConfigMap.
    static let key = "config.yaml"
    /// Annotation of the ConfigMap that holds ``lastGood``.
    static let lastGoodAnnotation = "f2s.opensight.ch/last-good-config"
    /// Maximum size of the settings in the annotation, in bytes. All annotations of one object share 256 KiB.
    static let lastGoodBytesMax = 128 * 1024
}

/// The fields of a ConfigMap that F2S reads.
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
    /// The settings in the ConfigMap.
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
