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
        return [("spec", .map(spec)), ("target", .map(target(draft.target)))]
    }

    /// Returns the published fields always, and the others only if they differ from their default.
    private static func target(_ target: Target) -> Members {
        var members: Members = []
        if let image = target.image { members.append(("containerImage", .text(image))) }
        if let command = target.command { members.append(("command", .list(command.map { .text($0) }))) }
        members.append(("port", .bare("\(target.port)")))
        members.append(("endpoint", .text(target.path)))
        members.append(("minReplicas", .bare("\(target.minReplicas)")))
        members.append(("maxReplicas", .bare("\(target.maxReplicas)")))
        if let concurrency = target.concurrency { members.append(("concurrency", .bare("\(concurrency)"))) }
        if !target.environment.isEmpty {
            let variables = target.environment.sorted { $0.key < $1.key }
            members.append(("env", .map(variables.map { ($0.key, .text($0.value)) })))
        }
        if !target.secrets.isEmpty { members.append(("secrets", .list(target.secrets.map { .text($0) }))) }
        var resources: Members = []
        if let cpu = target.resources.cpu { resources.append(("cpu", .text(cpu.text))) }
        if let memory = target.resources.memory { resources.append(("memory", .text(memory.text))) }
        if !resources.isEmpty { members.append(("resources", .map(resources))) }
        if let probe = target.readinessProbe { members.append(("readinessProbe", .map(Self.probe(probe)))) }
        if let timeout = target.timeout { members.append(("timeout", .text(timeout.shortText))) }
        if let startTimeout = target.startTimeout { members.append(("startTimeout", .text(startTimeout.shortText))) }
        if let drainTimeout = target.drainTimeout { members.append(("drainTimeout", .text(drainTimeout.shortText))) }
        let scaling = scaling(target.scaling)
        if !scaling.isEmpty { members.append(("scaling", .map(scaling))) }
        let limits = limits(target.limits)
        if !limits.isEmpty { members.append(("limits", .map(limits))) }
        if target.watch { members.append(("watch", .bare("true"))) }
        return members
    }

    private static func probe(_ probe: ReadinessProbe) -> Members {
        var members: Members = [("path", .text(probe.path))]
        if probe.timeout != ReadinessProbe.timeoutDefault {
            members.append(("timeout", .text(probe.timeout.shortText)))
        }
        return members
    }

    private static func scaling(_ scaling: Scaling) -> Members {
        var members: Members = []
        if let wanted = scaling.targetConcurrency {
            members.append(("targetConcurrency", .bare(number(wanted))))
        }
        if scaling.idle != Scaling.idleDefault { members.append(("idle", .text(scaling.idle.shortText))) }
        if scaling.window != Scaling.windowDefault { members.append(("window", .text(scaling.window.shortText))) }
        return members
    }

    private static func limits(_ limits: FunctionLimits) -> Members {
        var members: Members = []
        if let inFlight = limits.inFlight { members.append(("inFlight", .bare("\(inFlight)"))) }
        if let queued = limits.queued { members.append(("queued", .bare("\(queued)"))) }
        if let rate = limits.rate { members.append(("rate", .bare(number(rate)))) }
        if let burst = limits.burst { members.append(("burst", .bare("\(burst)"))) }
        return members
    }

    /// Returns a whole number without its fraction: 10, not 10.0.
    private static func number(_ number: Double) -> String { Int(exactly: number).map { "\($0)" } ?? "\(number)" }

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
