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
    static let spec = ["endpoint", "method", "description"]
    static let target = [
        "containerImage", "command", "port", "endpoint", "minReplicas", "maxReplicas", "concurrency", "env", "secrets",
        "resources", "readinessProbe", "timeout", "startTimeout", "drainTimeout", "scaling", "limits", "watch",
    ]
    static let resources = ["cpu", "memory"]
    static let readinessProbe = ["path", "timeout"]
    static let scaling = ["targetConcurrency", "idle", "window"]
    static let limits = ["inFlight", "queued", "rate", "burst"]

    /// The paths of all fields that have a meaning.
    static let paths =
        ["metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations"]
        + ["spec", "target"] + spec.map { "spec." + $0 }
        + target.map { "target." + $0 } + resources.map { "target.resources." + $0 }
        + readinessProbe.map { "target.readinessProbe." + $0 } + scaling.map { "target.scaling." + $0 }
        + limits.map { "target.limits." + $0 }
}
