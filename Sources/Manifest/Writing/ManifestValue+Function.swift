import F2SModel

extension ManifestValue {
    /// Creates the document of a draft.
    init(_ draft: FunctionDraft) {
        self = .map(Self.head(ManifestFields.kind) + [("metadata", .map(Self.metadata(draft)))] + Self.body(draft))
    }

    /// Creates the document of a stored function, with the fields that the store and F2S have added.
    init(_ function: Function) {
        let metadata =
            Self.metadata(function.draft) + [
                ("uid", .text(function.id.text)),
                ("generation", .bare("\(function.generation)")),
                // The stored version is only in the ETag: with it as resourceVersion, `kubectl apply` would reject the
                // document.
            ]
        let status = [("status", ManifestValue(function.status))]
        self = .map(
            Self.head(ManifestFields.kind) + [("metadata", .map(metadata))] + Self.body(function.draft) + status)
    }

    typealias Members = [(name: String, value: ManifestValue)]

    static func head(_ kind: String) -> Members {
        [("apiVersion", .text(ManifestFields.apiVersion)), ("kind", .text(kind))]
    }

    private static func metadata(_ draft: FunctionDraft) -> Members {
        var members: Members = [("name", .text(draft.name.text)), ("namespace", .text(draft.namespace))]
        for (name, values) in [("labels", draft.metadata.labels), ("annotations", draft.metadata.annotations)]
        where !values.isEmpty {
            members.append((name, .map(values.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })))
        }
        return members
    }

    private static func body(_ draft: FunctionDraft) -> Members {
        var spec: Members = [("endpoint", .text(draft.route.path))]
        if let method = draft.method { spec.append(("method", .text(method.rawValue))) }
        if !draft.summary.isEmpty { spec.append(("description", .text(draft.summary))) }
        if let access = draft.access { spec.append(("access", value(of: access))) }
        if let cors = draft.cors { spec.append(("cors", value(of: cors))) }
        if draft.offersLogin { spec.append(("login", .bare("true"))) }
        return [("spec", .map(spec)), ("target", .map(members(of: draft.target, TargetFields.target)))]
    }

    private static func value(of access: Function.Access) -> ManifestValue {
        switch access {
        case .everybody: .text("public")
        case .authenticated: .text("authenticated")
        case .groups(let groups): .map([("groups", .list(groups.map { .text($0) }))])
        }
    }

    private static func value(of cors: Function.CORS) -> ManifestValue {
        var members: Members = [("origins", .list(cors.origins.map { .text($0) }))]
        if !cors.methods.isEmpty { members.append(("methods", .list(cors.methods.map { .text($0.rawValue) }))) }
        if !cors.headers.isEmpty { members.append(("headers", .list(cors.headers.map { .text($0) }))) }
        if cors.allowsCredentials { members.append(("credentials", .bare("true"))) }
        return .map(members)
    }

    /// Returns the fields of a value that are not omitted.
    static func members<Value>(of value: Value, _ fields: [ManifestField<Value>]) -> Members {
        fields.compactMap { field in field.write(value).map { (field.name, $0) } }
    }

    private init(_ status: FunctionStatus) {
        self = .map([
            ("observedGeneration", .bare("\(status.observedGeneration)")),
            ("replicas", .bare("\(status.replicas)")),
            ("updatedReplicas", .bare("\(status.updatedReplicas)")),
            ("readyReplicas", .bare("\(status.readyReplicas)")),
            ("updatedReadyReplicas", .bare("\(status.updatedReadyReplicas)")),
            ("desiredReplicas", .bare("\(status.desiredReplicas)")),
            ("url", .text(status.url)),
            ("conditions", .list(status.conditions.map { ManifestValue($0) })),
        ])
    }

    private init(_ condition: Condition) {
        self = .map([
            ("type", .text(condition.kind.rawValue)),
            ("status", .text(condition.isTrue ? "True" : "False")),
            ("reason", .text(condition.reason)),
            ("message", .text(condition.message)),
            ("lastTransitionTime", .text(TimeText.utc(secondsSince1970: condition.since))),
        ])
    }
}
