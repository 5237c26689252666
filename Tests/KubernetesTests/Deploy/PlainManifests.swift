import F2SManifest

/// The rendered manifests of one file.
struct PlainManifests {
    /// Its objects, in the order in which they are applied.
    let objects: [YAMLNode]

    init(_ file: String) throws { objects = try DeployFile.documents("deploy/manifests/\(file)") }

    /// The names of both files.
    static let files = ["f2s.yaml", "f2s-1.20.yaml"]

    /// Returns all objects of a kind.
    func all(_ kind: String) -> [YAMLNode] { objects.filter { $0["kind"]?.text == kind } }

    /// Returns the object of a kind and name.
    func one(_ kind: String, _ name: String) -> YAMLNode? { all(kind).first { $0["metadata", "name"]?.text == name } }

    /// The template of the pods that run F2S.
    var pod: YAMLNode? { one("Deployment", "f2s")?["spec", "template"] }

    /// Its only container.
    var container: YAMLNode? { pod?["spec", "containers"]?.elements.first }

    /// Returns F2S's settings.
    func settings() throws -> YAMLNode? {
        guard let text = one("ConfigMap", "f2s-config")?["data", "config.yaml"]?.text else { return nil }
        return try YAMLReader().documents(Array(text.utf8)).first?.get()
    }
}
