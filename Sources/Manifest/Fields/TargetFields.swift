import F2SModel

/// The fields of `target`, in the order in which they are read and written. The reader, the writer, the lists of known
/// names and the schema of the REST API have no other source.
enum TargetFields {
    /// The published fields are always written, and the others only if they differ from their default.
    static let target: [ManifestField<Target>] = [
        .text("containerImage", \.image),
        .texts("command", \.command, example: "[python3, hello.py]"),
        source,
        .wholeNumber("port", \.port, within: Target.portAllowed, standard: Target.portDefault),
        .path("endpoint", \.path),
        .wholeNumber("minReplicas", \.minReplicas, within: 0...Target.replicasMax, standard: 0),
        .wholeNumber(
            "maxReplicas", \.maxReplicas, within: 1...Target.replicasMax, standard: Target.maxReplicasDefault),
        .wholeNumber("concurrency", \.concurrency, within: 1...Target.concurrencyMax),
        .textsByName("env", \.environment, example: "{GREETING: hi}"),
        .texts("secrets", \.secrets, example: "[hello-secret]"),
        environmentSources,
        .section("resources", \.resources, resources),
        .section("readinessProbe", \.readinessProbe, readinessProbe, from: ReadinessProbe(path: "")),
        .duration("timeout", \.timeout, within: Target.timeoutAllowed),
        .duration("startTimeout", \.startTimeout, within: Target.startTimeoutAllowed),
        .duration("drainTimeout", \.drainTimeout, within: Target.drainTimeoutAllowed),
        .section("scaling", \.scaling, scaling),
        .section("limits", \.limits, limits),
        .flag("watch", \.watch),
        .flag("forwardAuthorization", \.forwardsAuthorization),
        .flag("identity", \.hasIdentity),
    ]

    private static let environmentSources = ManifestField<Target>(
        "envFrom", .list(.object(environmentSource)),
        read: { map, target, reader in
            let elements = reader.value(map["envFrom"]) { try $0.list(example: "[{configMap: settings}]") } ?? []
            target.environmentSources = elements.compactMap { read($0, &reader) }
        },
        write: { target in
            let sources = target.environmentSources.map { source in
                let optional = source.isOptional ? [(name: "optional", value: ManifestValue.bare("true"))] : []
                return ManifestValue.map([(source.kind.rawValue, .text(source.name))] + optional)
            }
            return sources.isEmpty ? nil : .list(sources)
        })

    private static let environmentSource: [FieldSchema.Member] =
        Target.EnvironmentSource.Kind.allCases.map { FieldSchema.Member(name: $0.rawValue, schema: .text) }
        + [FieldSchema.Member(name: "optional", schema: .flag)]

    /// Reads an entry of `envFrom`. Errors are collected in the reader.
    private static func read(_ cursor: YAMLCursor, _ reader: inout FunctionReader) -> Target.EnvironmentSource? {
        guard let map = reader.value(cursor, { try $0.map(example: "{configMap: settings}") }) else { return nil }
        let unknown = map.unknownMembers(known: environmentSource.map(\.name))
        for error in unknown { reader.report(error) }
        let isOptional = reader.value(map["optional"]) { try $0.flag() } ?? false
        let kinds = Target.EnvironmentSource.Kind.allCases.filter { map[$0.rawValue] != nil }
        guard kinds.count == 1, let kind = kinds.first else {
            if unknown.isEmpty { reader.report(cursor.error("name either a configMap or a secret")) }
            return nil
        }
        return reader.value(map[kind.rawValue]) {
            try Target.EnvironmentSource(kind, try $0.text(), isOptional: isOptional, field: $0.path)
        }
    }

    private static let source = ManifestField<Target>(
        "source", .object(sourceMembers),
        read: { map, target, reader in
            let names = sourceMembers.map(\.name)
            guard let map = reader.section(map, "source", known: names, isRequired: false) else { return }
            let runtime = reader.value(map["runtime"]) { cursor in
                guard let runtime = SourceCode.Runtime(rawValue: try cursor.text()) else {
                    throw cursor.error("be one of \(SourceCode.runtimeNames)")
                }
                return runtime
            }
            target.source = SourceCode(
                runtime: runtime,
                files: reader.texts(byName: map["files"], example: "{handler.py: \"def handle(request): ...\"}"),
                handler: reader.value(map["handler"]) { try $0.text() })
        },
        write: { target in
            guard let source = target.source else { return nil }
            let files = source.files.sorted { $0.key < $1.key }.map { ($0.key, ManifestValue.text($0.value)) }
            return .map(
                [
                    source.runtime.map { ("runtime", .text($0.rawValue)) },
                    source.handler.map { ("handler", .text($0)) },
                    ("files", .map(files)),
                ].compactMap(\.self))
        })

    private static let sourceMembers = [
        FieldSchema.Member(name: "runtime", schema: .word(SourceCode.Runtime.allCases.map(\.rawValue))),
        FieldSchema.Member(name: "handler", schema: .text),
        FieldSchema.Member(name: "files", schema: .map(.text)),
    ]

    private static let resources: [ManifestField<Resources>] = [
        .quantity("cpu", \.cpu),
        .quantity("memory", \.memory),
    ]

    private static let readinessProbe: [ManifestField<ReadinessProbe>] = [
        .path("path", \.path, requirement: "be a path such as /ready"),
        .duration(
            "timeout", \.timeout, within: ReadinessProbe.timeoutAllowed, standard: ReadinessProbe.timeoutDefault),
    ]

    private static let scaling: [ManifestField<Scaling>] = [
        .positiveNumber("targetConcurrency", \.targetConcurrency, maximum: Target.concurrencyMax),
        .duration("idle", \.idle, within: Scaling.idleAllowed, standard: Scaling.idleDefault),
        .duration("window", \.window, within: Scaling.windowAllowed, standard: Scaling.windowDefault),
    ]

    private static let limits: [ManifestField<FunctionLimits>] = [
        .wholeNumber("inFlight", \.inFlight, within: 1...FunctionLimits.inFlightMax),
        .wholeNumber("queued", \.queued, within: 0...FunctionLimits.queuedMax),
        .positiveNumber("rate", \.rate, maximum: Int(FunctionLimits.rateAllowed.upperBound)),
        .wholeNumber("burst", \.burst, within: 1...FunctionLimits.burstMax),
    ]
}
