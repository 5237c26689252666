import F2SModel

@testable import F2SKubernetes

/// Decodes a JSON text as a response of the API server.
func decode<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
    try ResponseDecoder.decode(Array(text.utf8))
}

/// Returns a function as the store would keep it.
func sampleFunction(
    _ name: String = "hello", uid: String = "11111111-2222-3333-4444-555555555555",
    _ target: Target = Target(image: "registry.example/hello:1"), metadata: FunctionMetadata = .none
) throws -> Function {
    Function(
        id: Function.ID(uid),
        draft: try FunctionDraft(
            name: FunctionName(name), route: Route("/" + name), target: target, metadata: metadata),
        generation: 1, storeRevision: StoreRevision("1-11111111"), age: 1,
        origin: Function.Origin(location: "f2s/\(name)", carriesMetadata: true, isWritable: true))
}

/// Returns settings for manifests.
func sampleSettings(
    drain: Replica.Address? = Replica.Address(ip: "10.0.0.1", port: 8082), requestTimeout: Duration = .seconds(120),
    drainTimeout: Duration = .seconds(30),
    pullSecrets: [String] = []
) -> WorkloadManifest.Settings {
    WorkloadManifest.Settings(
        namespace: "f2s-containers", functionNamespace: "f2s", drainAddress: drain, requestTimeout: requestTimeout,
        drainTimeout: drainTimeout,
        imagePullSecrets: pullSecrets, runtimeImage: { $0 == .shell ? nil : "stock-\($0.rawValue):1" })
}

/// Returns a Function resource as the API server sends it.
func sampleResource(
    _ name: String, uid: String? = nil, generation: Int = 1, created: String = "2026-11-25T12:00:00Z",
    deleted: Bool = false, metadata: String = "", spec: String? = nil, target: String = #"{"containerImage":"i:1"}"#,
    status: String = "{}"
) throws -> FunctionResource {
    let deletion = deleted ? #","deletionTimestamp":"2026-11-25T12:00:01Z""# : ""
    return try decode(
        """
        {"apiVersion":"f2s.opensight.ch/v1alpha1","kind":"Function",
         "metadata":{"name":"\(name)","namespace":"f2s","uid":"\(uid ?? "uid-\(name)")","generation":\(generation),
                     "resourceVersion":"7","creationTimestamp":"\(created)"\(deletion),
                     "managedFields":[{"manager":"kubectl"}]\(metadata)},
         "spec":\(spec ?? #"{"endpoint":"/\#(name)"}"#),"target":\(target),"status":\(status)}
        """)
}

/// Returns an applied manifest as the API server would send it, with a UID, a generation, a version and a status.
func observed(
    _ manifest: JSONValue, uid: String = "object-1", generation: Int = 1, status: JSONValue = [:]
) throws -> ObservedObject {
    var tree = manifest
    var metadata = tree["metadata"] ?? [:]
    metadata["uid"] = .string(uid)
    metadata["generation"] = .integer(Int64(generation))
    metadata["resourceVersion"] = "12"
    tree["metadata"] = metadata
    tree["status"] = status
    return try ObservedObject(tree)
}

/// Returns a pod of a function.
func samplePod(
    _ uid: String = "pod-1", function: String? = "f", revision: String = "r1", created: Double = 100,
    _ change: (inout PodObservation) -> Void = { _ in }
) -> PodObservation {
    var pod = PodObservation(
        uid: uid, name: "name-of-\(uid)", function: function.map { Function.ID($0) }, revision: revision,
        created: created, port: 8080)
    change(&pod)
    return pod
}

/// Returns the ending of a container.
func sampleEnding(_ status: Int = 1, reason: String = "Error", ran: Double = 1, at finished: Double = 200)
    -> PodObservation.Ending
{
    PodObservation.Ending(exitStatus: status, reason: reason, message: "", ran: ran, finished: finished)
}
