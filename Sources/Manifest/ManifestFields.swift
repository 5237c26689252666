/// The names of a manifest's fields: what the reader knows, and the writer's order.
enum ManifestFields {
    static let apiVersion = "f2s.opensight.ch/v1alpha1"
    static let kind = "Function"
    static let listKind = "FunctionList"

    static let document = ["apiVersion", "kind", "metadata", "spec", "target", "status"]
    static let list = ["apiVersion", "kind", "metadata", "items"]
    /// All but the first four are Kubernetes' own; they are accepted, because people paste what kubectl shows,
    /// and ignored.
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

    /// Every field that means something, by its path.
    static let paths =
        ["metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations"]
        + ["spec", "target"] + spec.map { "spec." + $0 }
        + target.map { "target." + $0 } + resources.map { "target.resources." + $0 }
        + readinessProbe.map { "target.readinessProbe." + $0 } + scaling.map { "target.scaling." + $0 }
        + limits.map { "target.limits." + $0 }
}
