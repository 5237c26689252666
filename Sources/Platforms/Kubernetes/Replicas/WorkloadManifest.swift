import F2SModel

/// The manifests of one function: a Deployment, a Service, a ServiceAccount if the function has an identity, and a
/// ConfigMap if it has source text. Pure: the same function, settings and arguments give the same manifests.
struct WorkloadManifest: Sendable {
    /// Settings that are the same for all functions.
    struct Settings: Sendable {
        /// Namespace of the objects.
        let namespace: String
        /// Namespace of the Function resources.
        let functionNamespace: String
        /// The address to which `preStop` hooks send their request for a drain; `nil` for no hook.
        let drainAddress: Replica.Address?
        /// Upper bound of `target.timeout`, and its default.
        let requestTimeout: Duration
        /// Drain timeout of functions that declare none.
        let drainTimeout: Duration
        /// Image pull secrets.
        let imagePullSecrets: [String]
        /// The image of functions that name none, for their runtime.
        let runtimeImage: @Sendable (SourceCode.Runtime) -> String?
    }

    /// The parts of a pod template that are kept as long as the revision is the same. A change of the template replaces
    /// all replicas, and a new address of F2S or a new upper bound of timeouts does not justify that.
    struct Kept: Sendable, Hashable {
        /// `f2s.opensight.ch/revision` of the template.
        let revision: String
        /// The address to which its `preStop` hook sends the request; `nil` if it has no hook.
        let drainAddress: Replica.Address?
        /// `terminationGracePeriodSeconds`.
        let graceSeconds: Int
        /// The image.
        let image: String?
    }

    /// Time that a pod has to end by itself after the declared drain timeout, because its hook may use all of that.
    static let stopMargin = Duration.seconds(30)
    /// Name of the container that runs a function.
    static let containerName = "function"

    let function: Function
    let settings: Settings

    /// Returns an object of the function.
    /// - Parameters:
    ///   - replicas: number of pods to run, for a Deployment.
    ///   - existing: the existing object; `nil` if there is none.
    func object(_ type: ResourceType, replicas: Int, over existing: ObservedObject?) -> JSONValue {
        switch type {
        case .services: service(uid: existing?.uid)
        case .serviceAccounts: serviceAccount(uid: existing?.uid)
        case .configMaps: configMap(uid: existing?.uid)
        default: deployment(replicas: replicas, keeping: existing?.kept, uid: existing?.uid)
        }
    }

    /// Returns the `apps/v1` Deployment.
    /// - Parameters:
    ///   - replicas: number of pods to run.
    ///   - kept: the kept parts of the existing template; `nil` if there is none.
    ///   - uid: UID of the existing object; `nil` for a new one.
    func deployment(replicas: Int, keeping kept: Kept?, uid: String? = nil) -> JSONValue {
        var podMetadata = carrying(labels)
        podMetadata["labels"]?[ObjectLabel.revision] = .string(function.revision.text)
        var metadata = metadata(name: function.name.text, uid: uid)
        for (name, values) in carrying(labels) { metadata[name] = values }
        return [
            "apiVersion": .string(ResourceType.deployments.apiVersion),
            "kind": .string(ResourceType.deployments.kind),
            "metadata": metadata,
            "spec": [
                "replicas": .integer(Int64(replicas)),
                // The authors of functions keep old revisions; the cluster does not.
                "revisionHistoryLimit": 0,
                "selector": ["matchLabels": selector],
                "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1, "maxUnavailable": 0]],
                "template": ["metadata": .object(podMetadata), "spec": podSpec(keeping: kept)],
            ],
        ]
    }

    /// Returns the `v1` Service, for clients in the cluster that call the function without F2S.
    func service(uid: String? = nil) -> JSONValue {
        let port = JSONValue.integer(Int64(function.target.port))
        return [
            "apiVersion": .string(ResourceType.services.apiVersion), "kind": .string(ResourceType.services.kind),
            "metadata": metadata(name: Self.serviceName(of: function.name), uid: uid),
            "spec": [
                "selector": selector,
                "ports": [["name": "http", "protocol": "TCP", "port": port, "targetPort": port]],
            ],
        ]
    }

    /// Returns the `v1` ServiceAccount, as which the pods call other functions. No Role is bound to it, and the pods
    /// get no token for the API server.
    func serviceAccount(uid: String? = nil) -> JSONValue {
        [
            "apiVersion": .string(ResourceType.serviceAccounts.apiVersion),
            "kind": .string(ResourceType.serviceAccounts.kind),
            "metadata": metadata(name: Self.serviceAccountName(of: function.name), uid: uid),
            "automountServiceAccountToken": false,
        ]
    }

    /// Returns the `v1` ConfigMap with the files of a function from source text.
    func configMap(uid: String? = nil) -> JSONValue {
        let source = function.target.source.map { FunctionSource($0) }
        return [
            "apiVersion": .string(ResourceType.configMaps.apiVersion), "kind": .string(ResourceType.configMaps.kind),
            "metadata": metadata(name: source?.name(of: function.name) ?? "", uid: uid),
            "data": source?.data ?? [:],
        ]
    }

    /// Returns the names of the objects of a function, in the order in which they are written: pods need the ConfigMap
    /// and the ServiceAccount, and the first replica does not need the Service.
    static func objects(of function: Function) -> [(type: ResourceType, name: String)] {
        var objects: [(type: ResourceType, name: String)] = []
        if let source = function.target.source {
            objects.append((.configMaps, FunctionSource(source).name(of: function.name)))
        }
        if function.target.hasIdentity { objects.append((.serviceAccounts, serviceAccountName(of: function.name))) }
        return objects + [(.deployments, function.name.text), (.services, serviceName(of: function.name))]
    }

    /// Returns the name of a function's ServiceAccount. The prefix keeps it apart from accounts of others in the
    /// namespace, such as `default`.
    static func serviceAccountName(of name: FunctionName) -> String { "f2s-function-\(name.text)" }

    /// Returns the name of a function's Service. It must begin with a letter (RFC 1035), unlike a function's name.
    static func serviceName(of name: FunctionName) -> String {
        name.text.first?.isNumber == true ? String("f-\(name.text)".prefix(63)) : name.text
    }

    /// Returns the names of the Secrets whose keys a function's pods get.
    static func secrets(of target: Target) -> [String] {
        target.secrets + target.environmentSources.lazy.filter { $0.kind == .secret }.map(\.name)
    }

    // MARK: Parts

    private var labels: [String: JSONValue] {
        ObjectLabel.labels(of: function, functionNamespace: settings.functionNamespace)
    }

    /// Returns F2S's own labels combined with the labels and annotations of the Function. F2S's own labels take
    /// precedence, because F2S identifies its objects by them.
    private func carrying(_ own: [String: JSONValue]) -> [String: JSONValue] {
        let declared = function.draft.metadata
        var metadata: [String: JSONValue] = [
            "labels": .object(declared.labels.mapValues { .string($0) }.merging(own) { _, own in own })
        ]
        guard !declared.isEmpty else { return metadata }
        var annotations: [String: JSONValue] = declared.annotations.mapValues { .string($0) }
        annotations[ObjectLabel.carried] = .string(AppliedFields.carriedText(of: declared))
        metadata["annotations"] = .object(annotations)
        return metadata
    }

    private var selector: JSONValue { .object([ObjectLabel.function: .string(function.id.text)]) }

    private func metadata(name: String, uid: String?) -> JSONValue {
        var metadata: [String: JSONValue] = [
            "name": .string(name), "namespace": .string(settings.namespace), "labels": .object(labels),
        ]
        // The API server rejects the write if another object has the name by now.
        if let uid { metadata["uid"] = .string(uid) }
        return .object(metadata)
    }

    private func podSpec(keeping kept: Kept?) -> JSONValue {
        let kept = kept?.revision == function.revision.text ? kept : nil
        var spec: [String: JSONValue] = [
            "enableServiceLinks": false,
            "automountServiceAccountToken": false,
            "securityContext": usesStockImage
                ? FunctionSource.podSecurity : ["seccompProfile": ["type": "RuntimeDefault"]],
            "terminationGracePeriodSeconds": .integer(Int64(graceSeconds(keeping: kept))),
            "containers": [container(keeping: kept)],
        ]
        var volumes: [JSONValue] = []
        if function.target.hasIdentity {
            let account = JSONValue.string(Self.serviceAccountName(of: function.name))
            spec["serviceAccountName"] = account
            // The API server copies the name to this older field, and from it if the name is removed: F2S must own both
            // to be able to remove them.
            spec["serviceAccount"] = account
            volumes.append(FunctionIdentity.volume)
        }
        if let source = function.target.source { volumes.append(FunctionSource(source).volume(of: function.name)) }
        if !volumes.isEmpty { spec["volumes"] = .array(volumes) }
        if !settings.imagePullSecrets.isEmpty {
            spec["imagePullSecrets"] = .array(settings.imagePullSecrets.map { ["name": .string($0)] })
        }
        return .object(spec)
    }

    /// Returns the grace period. That of an existing pod cannot change, so pods are replaced if it is too short. A
    /// period that is too long does no harm.
    private func graceSeconds(keeping kept: Kept?) -> Int {
        let target = function.target
        let margin = target.drainTimeout == nil ? .zero : Self.stopMargin
        func seconds(standard: Duration) -> Int {
            let time = target.drainTime(requestTimeout: settings.requestTimeout, standard: standard) + margin
            return Int(time.inSeconds.rounded(.up))
        }
        guard let kept else { return seconds(standard: settings.drainTimeout) }
        // A changed setting applies to pods of the next revision; a declared timeout applies at once.
        let isDeclared = target.timeout != nil || target.drainTimeout != nil
        return isDeclared ? max(seconds(standard: .zero), kept.graceSeconds) : kept.graceSeconds
    }

    /// True if the image is that of a runtime, and not the function's own.
    private var usesStockImage: Bool { function.target.image == nil }

    /// Returns the image that a function runs in; `nil` if there is none.
    static func image(of target: Target, _ runtimeImage: (SourceCode.Runtime) -> String?) -> String? {
        target.image ?? target.source?.runtime.flatMap(runtimeImage)
    }

    private func container(keeping kept: Kept?) -> JSONValue {
        let target = function.target
        let drainAddress = kept.map(\.drainAddress) ?? settings.drainAddress
        let port = JSONValue.integer(Int64(target.port))
        var container: [String: JSONValue] = [
            "name": .string(Self.containerName),
            "imagePullPolicy": "IfNotPresent",
            "ports": [["containerPort": port, "protocol": "TCP"]],
            "env": environment,
            "readinessProbe": readinessProbe(port: port),
            "securityContext": usesStockImage
                ? FunctionSource.containerSecurity : ["allowPrivilegeEscalation": false],
        ]
        var mounts: [JSONValue] = target.hasIdentity ? [FunctionIdentity.mount] : []
        if target.source != nil {
            mounts.append(FunctionSource.mount)
            container["workingDir"] = .string(FunctionSource.folder)
        }
        if !mounts.isEmpty { container["volumeMounts"] = .array(mounts) }
        // A changed setting applies to pods of the next revision.
        let image = usesStockImage ? kept?.image : nil
        if let image = image ?? Self.image(of: target, settings.runtimeImage) { container["image"] = .string(image) }
        if let command = target.command ?? target.source?.command {
            container["command"] = .array(command.map { .string($0) })
        }
        let sources = target.secrets.map { ["secretRef": ["name": .string($0)]] } + environmentSources
        if !sources.isEmpty { container["envFrom"] = .array(sources) }
        var amounts: [String: JSONValue] = [:]
        if let cpu = target.resources.cpu { amounts["cpu"] = .string(cpu.text) }
        if let memory = target.resources.memory { amounts["memory"] = .string(memory.text) }
        if !amounts.isEmpty { container["resources"] = ["requests": .object(amounts), "limits": .object(amounts)] }
        if let drainAddress {
            container["lifecycle"] = [
                "preStop": [
                    "httpGet": [
                        "host": .string(drainAddress.ip), "port": .integer(Int64(drainAddress.port)),
                        "path": .string(InternalPath.drain(function.id).text), "scheme": "HTTP",
                    ]
                ]
            ]
        }
        return .object(container)
    }

    private var environmentSources: [JSONValue] {
        function.target.environmentSources.map { source in
            var reference: JSONValue = ["name": .string(source.name)]
            if source.isOptional { reference["optional"] = true }
            return [source.kind == .configMap ? "configMapRef" : "secretRef": reference]
        }
    }

    private var environment: JSONValue {
        var variables = function.target.environment
        if variables["PORT"] == nil { variables["PORT"] = "\(function.target.port)" }
        if function.target.hasIdentity, variables[FunctionIdentity.variable] == nil {
            variables[FunctionIdentity.variable] = FunctionIdentity.tokenPath
        }
        return .array(
            variables.sorted { $0.key < $1.key }.map { name, value in
                // The API server omits an empty value.
                value.isEmpty
                    ? ["name": .string(name)] : ["name": .string(name), "value": .string(value)]
            })
    }

    /// Returns the readiness probe. F2S waits for a declared probe to succeed. Without one F2S connects to the port by
    /// itself, and this probe only serves the Service and the rollout.
    private func readinessProbe(port: JSONValue) -> JSONValue {
        guard let probe = function.target.readinessProbe else {
            return ["tcpSocket": ["port": port], "periodSeconds": 1, "timeoutSeconds": 1]
        }
        return [
            "httpGet": ["path": .string(probe.path), "port": port, "scheme": "HTTP"], "periodSeconds": 1,
            "timeoutSeconds": .integer(max(1, Int64(probe.timeout.inSeconds.rounded(.up)))),
        ]
    }
}
