import F2SModel
import Testing

@testable import F2SManifest

/// The schema in `deploy/crd.yaml` agrees with the manifest reader.
@Suite struct FunctionSchemaTests {
    private let schema: FunctionSchema

    init() throws { schema = try FunctionSchema() }

    @Test func `the schema has all fields that the reader knows, and no other`() {
        let known = ManifestFields.paths.filter { !$0.hasPrefix("metadata") }
        #expect(Set(schema.paths(below: ["spec", "target"])) == Set(known))
        #expect(Set(schema.root["properties"]?.fields.keys.sorted() ?? []) == Set(ManifestFields.document))
    }

    @Test func `the schema requires the same fields as the reader`() {
        #expect(schema.root["required"]?.texts == ["spec", "target"])
        #expect(schema.field("spec")?["required"]?.texts == ["endpoint"])
        #expect(schema.field("target")?["required"] == nil)
        let alternatives = schema.field("target")?["allOf"]?.elements.first?["anyOf"]?.elements
        #expect(alternatives?.map { $0["required"]?.texts } == [["containerImage"], ["command"], ["source"]])
        #expect(schema.field("target.readinessProbe")?["required"]?.texts == ["path"])
        let source = schema.field("target.envFrom[]")
        #expect(source?["oneOf"]?.elements.map { $0["required"]?.texts } == [["configMap"], ["secret"]])
        let kinds = Target.EnvironmentSource.Kind.allCases.map(\.rawValue)
        #expect(Set((source?["properties"]?.fields ?? [:]).keys) == Set(kinds + ["optional"]))
    }

    struct Bound: CustomTestStringConvertible {
        let path: String
        let minimum: Double
        let maximum: Double
        var isExclusive = false
        var testDescription: String { path }
    }

    static let bounds = [
        Bound(path: "target.port", minimum: 1, maximum: 65_535),
        Bound(path: "target.minReplicas", minimum: 0, maximum: Double(Target.replicasMax)),
        Bound(path: "target.maxReplicas", minimum: 1, maximum: Double(Target.replicasMax)),
        Bound(path: "target.concurrency", minimum: 1, maximum: Double(Target.concurrencyMax)),
        Bound(
            path: "target.scaling.targetConcurrency", minimum: 0, maximum: Double(Target.concurrencyMax),
            isExclusive: true),
        Bound(path: "target.limits.inFlight", minimum: 1, maximum: Double(FunctionLimits.inFlightMax)),
        Bound(path: "target.limits.queued", minimum: 0, maximum: Double(FunctionLimits.queuedMax)),
        Bound(
            path: "target.limits.rate", minimum: FunctionLimits.rateAllowed.lowerBound,
            maximum: FunctionLimits.rateAllowed.upperBound),
        Bound(path: "target.limits.burst", minimum: 1, maximum: Double(FunctionLimits.burstMax)),
    ]

    @Test(arguments: bounds)
    func `a number has the bounds of the model`(_ bound: Bound) throws {
        let field = try #require(schema.field(bound.path))
        #expect(field["minimum"]?.number == bound.minimum)
        #expect(field["maximum"]?.number == bound.maximum)
        #expect((field["exclusiveMinimum"]?.text == "true") == bound.isExclusive)
    }

    @Test func `the table contains every number of the schema`() {
        let numbers = schema.paths(below: ["spec", "target"]).filter {
            ["integer", "number"].contains(schema.field($0)?["type"]?.text)
        }
        #expect(Set(numbers) == Set(Self.bounds.map(\.path)))
    }

    @Test func `the defaults of the schema are those of the model`() {
        let target = Target()
        let scaling = Scaling()
        let defaults = [
            "target.port": "\(target.port)", "target.endpoint": target.path,
            "target.minReplicas": "\(target.minReplicas)", "target.maxReplicas": "\(target.maxReplicas)",
            "target.scaling.idle": scaling.idle.shortText, "target.scaling.window": scaling.window.shortText,
        ]
        for path in schema.paths(below: ["spec", "target"]) {
            let given = schema.field(path)?["default"]?.text
            let meant = given.map { (try? Duration(text: $0, allowed: .zero ... .seconds(86_400), field: path)) }
            #expect((meant??.shortText ?? given) == defaults[path], "\(path)")
        }
        #expect(schema.field("target.env")?["maxProperties"]?.number == Double(Target.environmentMax))
        #expect(schema.field("target.envFrom")?["maxItems"]?.number == Double(Target.environmentSourcesMax))
        #expect(schema.field("target.command")?["minItems"]?.number == 1)
    }

    @Test func `a stored function with its status has only fields of the schema`() throws {
        var draft = FunctionDraft(name: try FunctionName("a"), route: try Route("/a"), target: Target(image: "a:1"))
        draft.target.limits.rate = 1
        let status = FunctionStatus(
            observedGeneration: 3, replicas: 2, readyReplicas: 1, desiredReplicas: 2, url: "/invoke/a",
            conditions: Condition.Kind.allCases.map {
                Condition($0, isTrue: true, reason: "Because", message: "It is.", since: 0)
            })
        let function = Function(
            id: .init("1"), draft: draft, generation: 3, storeRevision: StoreRevision("7"), age: 1,
            origin: .init(location: "functions/a", isWritable: true), status: status)
        let written = try #require(try YAMLReader().documents(Array(ManifestWriter().json(function).utf8)).first).get()
        let names = Set((written["status"]?.fields ?? [:]).keys)
        #expect(names == Set((schema.field("status")?["properties"]?.fields ?? [:]).keys))
        let condition = schema.field("status.conditions")?["items", "properties"]?.fields ?? [:]
        for entry in written["status", "conditions"]?.elements ?? [] {
            #expect(Set(entry.fields.keys).isSubset(of: condition.keys))
            #expect(condition["status"]?["enum"]?.texts.contains(entry["status"]?.text ?? "") == true)
        }
        #expect(schema.field("status.conditions")?["x-kubernetes-list-map-keys"]?.texts == ["type"])
    }

    @Test func `the definition contains the short name, category and columns for kubectl`() {
        let names = schema.definition["spec", "names"]
        #expect(names?["shortNames"]?.texts == ["f2sfn"])
        #expect(names?["categories"]?.texts == ["f2s"])
        #expect(schema.version["subresources", "status"] != nil)
        let columns = schema.version["additionalPrinterColumns"]?.elements ?? []
        #expect(
            columns.map { $0["name"]?.text }
                == ["Endpoint", "Method", "Image", "Ready", "Replicas", "Reason", "Age"])
        #expect(columns.compactMap { $0["priority"].map(\.plainText) } == ["1"])
    }

    @Test func `the definition for Kubernetes 1.20 has no newer fields`() throws {
        let text = String(decoding: try DeployFile.bytes("deploy/crd-1.20.yaml"), as: UTF8.self)
        for newer in ["x-kubernetes-validations", "optionalOldSelf", "selectableFields", "fieldPath"] {
            #expect(!text.contains(newer + ":"), "\(newer) is newer than 1.20")
        }
    }

    @Test func `the definition for Kubernetes 1.25 has rules and no newer fields`() throws {
        let text = String(decoding: try DeployFile.bytes("deploy/crd.yaml"), as: UTF8.self)
        #expect(text.contains("x-kubernetes-validations:"))
        for newer in ["optionalOldSelf", "selectableFields", "fieldPath", "messageExpression", "reason: Field"] {
            #expect(!text.contains(newer), "\(newer) is newer than 1.25")
        }
    }

    @Test(arguments: ["crd.yaml", "crd-1.20.yaml"])
    func `the chart contains an identical copy of the definition`(file: String) throws {
        #expect(try DeployFile.bytes("deploy/\(file)") == DeployFile.bytes("deploy/helm/f2s/\(file)"))
    }
}
