import F2SManifest
import F2SModel

/// What the reader makes of a text.
func reading(_ text: String, limits: ManifestLimits = ManifestLimits()) -> ManifestContents {
    ManifestReader(limits: limits).read(Array(text.utf8), place: "f.yaml")
}

/// A manifest that is right, with further lines of `target`, indented by two spaces.
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

/// The first draft of a manifest with these lines of `target`.
func target(_ lines: String) -> Target? { reading(manifest(lines)).documents.first?.draft.target }
