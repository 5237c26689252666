import F2SManifest
import F2SModel

/// Returns the contents that the reader finds in a text.
func reading(_ text: String, limits: ManifestLimits = ManifestLimits()) -> ManifestContents {
    ManifestReader(limits: limits).read(Array(text.utf8), location: "f.yaml")
}

/// Returns a valid manifest with further lines of `target`, which are indented by two spaces.
func manifest(name: String = "hello", _ target: String = "") -> String {
    """
    apiVersion: f2s.opensight.ch/v1alpha1
    kind: Function
    metadata: {name: \(name)}
    spec: {endpoint: /\(name)}
    target:
      containerImage: hello:1
    \(target.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))

    """
}

/// Returns the target of the first draft in a manifest with these lines of `target`.
func target(_ lines: String) -> Target? { reading(manifest(lines)).documents.first?.draft.target }
