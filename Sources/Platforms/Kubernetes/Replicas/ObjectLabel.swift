import F2SModel

/// Labels of what F2S makes, and how they are asked for.
enum ObjectLabel {
    static let name = "app.kubernetes.io/name"
    static let component = "app.kubernetes.io/component"
    static let managedBy = "app.kubernetes.io/managed-by"
    /// Whose object it is: the Function resource's UID.
    static let function = "f2s.opensight.ch/function-uid"
    /// Where the Function resource is: two installations may share one namespace for what they run.
    static let functionNamespace = "f2s.opensight.ch/function-namespace"
    /// What a pod was started from.
    static let revision = "f2s.opensight.ch/revision"

    /// Annotation of an object or a pod template: which of its labels and annotations are those of the Function.
    static let carried = "f2s.opensight.ch/carried"

    static let manager = "f2s"
    static let functionComponent = "function"
    static let serverComponent = "server"

    /// Everything that runs for the functions of one namespace.
    static func selector(functionNamespace namespace: String) -> String {
        "\(managedBy)=\(manager),\(functionNamespace)=\(namespace)"
    }

    /// Everything that runs for one function.
    static func selector(of function: Function.ID) -> String { "\(Self.function)=\(function.text)" }

    /// F2S's own pods.
    static let serverSelector = "\(name)=f2s,\(component)=\(serverComponent)"
}
