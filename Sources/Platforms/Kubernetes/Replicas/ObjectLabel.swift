import F2SModel

/// Labels and annotations of the objects that F2S creates, and the selectors for them.
enum ObjectLabel {
    static let name = "app.kubernetes.io/name"
    static let component = "app.kubernetes.io/component"
    static let managedBy = "app.kubernetes.io/managed-by"
    /// UID of the Function resource that the object belongs to.
    static let function = "f2s.opensight.ch/function-uid"
    /// Namespace of the Function resource: two installations may share one namespace for their replicas.
    static let functionNamespace = "f2s.opensight.ch/function-namespace"
    /// Revision that a pod was started from.
    static let revision = "f2s.opensight.ch/revision"

    /// Annotation of an object or a pod template: the names of those labels and annotations that the Function declares.
    static let carried = "f2s.opensight.ch/carried"

    static let manager = "f2s"
    static let functionComponent = "function"
    static let serverComponent = "server"

    /// Returns the labels of all objects of a function.
    /// - Parameter functionNamespace: namespace of the Function resources.
    static func labels(of function: Function, functionNamespace: String) -> [String: JSONValue] {
        [
            name: .string(function.name.text), component: .string(functionComponent), managedBy: .string(manager),
            Self.function: .string(function.id.text), Self.functionNamespace: .string(functionNamespace),
        ]
    }

    /// Returns the selector of all objects of the functions in one namespace.
    static func selector(functionNamespace namespace: String) -> String {
        "\(managedBy)=\(manager),\(functionNamespace)=\(namespace)"
    }

    /// Returns the selector of all objects of one function.
    static func selector(of function: Function.ID) -> String { "\(Self.function)=\(function.text)" }

    /// Selector of F2S's own pods.
    static let serverSelector = "\(name)=f2s,\(component)=\(serverComponent)"
}
