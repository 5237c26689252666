/// The names of a manifest's fields, for the reader.
enum ManifestFields {
    static let apiVersion = "f2s.opensight.ch/v1alpha1"
    static let kind = "Function"
    static let listKind = "FunctionList"

    static let document = ["apiVersion", "kind", "metadata", "spec", "target", "status"]
    static let list = ["apiVersion", "kind", "metadata", "items"]
    /// All but the first four belong to Kubernetes. They are accepted and ignored, because users paste the output of
    /// kubectl.
    static let metadata = [
        "name", "namespace", "labels", "annotations", "uid", "generation", "resourceVersion", "creationTimestamp",
        "deletionTimestamp", "deletionGracePeriodSeconds", "finalizers", "generateName", "managedFields",
        "ownerReferences", "selfLink",
    ]
    static let spec = ["endpoint", "method", "description", "access", "cors", "login"]
    static let access = ["groups"]
    static let cors = ["origins", "methods", "headers", "credentials"]
    static let target = TargetFields.target.map(\.name)

    /// The paths of all fields that have a meaning.
    static let paths =
        ["metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations"]
        + ["spec", "target"] + spec.map { "spec." + $0 } + cors.map { "spec.cors." + $0 }
        + target.map { "target." + $0 }
        + TargetFields.target.flatMap { field in field.member.schema.names.map { "target.\(field.name).\($0)" } }
}
