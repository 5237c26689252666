import FoundationEssentials
import NIOHTTP1

extension KubernetesClient {
    /// One object.
    func get<Item: Decodable & Sendable>(
        _ type: ResourceType, _ namespace: String?, _ name: String, subresource: String? = nil,
        as: Item.Type = Item.self, priority: Priority = .housekeeping, timeout: Duration? = nil
    ) async throws(KubernetesError) -> Item {
        let path = type.path(namespace: namespace, name: name, subresource: subresource)
        return try await call(APIRequest(.GET, path), priority: priority, timeout: timeout) {
            (data) throws(KubernetesError) in try Answer.decoded(data)
        }
    }

    /// Makes an object.
    func create(
        _ type: ResourceType, _ namespace: String?, _ object: JSONValue, priority: Priority = .housekeeping,
        timeout: Duration? = nil
    ) async throws(KubernetesError) -> JSONValue {
        try await send(.POST, type.path(namespace: namespace), object, priority, timeout)
    }

    /// Puts an object in the place of another. With `metadata.resourceVersion` only in the place of that version, else
    /// ``KubernetesError/isConflict``.
    func replace(
        _ type: ResourceType, _ namespace: String?, _ name: String, subresource: String? = nil, _ object: JSONValue,
        priority: Priority = .housekeeping, timeout: Duration? = nil
    ) async throws(KubernetesError) -> JSONValue {
        let path = type.path(namespace: namespace, name: name, subresource: subresource)
        return try await send(.PUT, path, object, priority, timeout)
    }

    /// Server-side apply: the fields in `object` become those of the field manager, fields that it had applied before
    /// and are not there any more go, everybody else's stay.
    /// - Parameters:
    ///   - object: `apiVersion` and `kind` may be absent.
    ///   - force: whether to take fields over from others; else ``KubernetesError/isConflict``.
    func apply(
        _ type: ResourceType, _ namespace: String?, _ name: String, subresource: String? = nil, _ object: JSONValue,
        force: Bool = true, priority: Priority = .housekeeping, timeout: Duration? = nil
    ) async throws(KubernetesError) -> JSONValue {
        var object = object
        if object["apiVersion"] == nil { object["apiVersion"] = .string(type.apiVersion) }
        if object["kind"] == nil { object["kind"] = .string(type.kind) }
        var metadata = object["metadata"] ?? [:]
        metadata["name"] = .string(name)
        if let namespace { metadata["namespace"] = .string(namespace) }
        object["metadata"] = metadata
        var query: [(String, String)] = [("fieldManager", options.fieldManager)]
        if force { query.append(("force", "true")) }
        let path = type.path(namespace: namespace, name: name, subresource: subresource)
        return try await send(.PATCH, path, query: query, object, as: .apply, priority, timeout)
    }

    /// Changes the fields in `patch`, removes those that are `null` there (RFC 7386).
    func merge(
        _ type: ResourceType, _ namespace: String?, _ name: String, subresource: String? = nil, _ patch: JSONValue,
        priority: Priority = .housekeeping, timeout: Duration? = nil
    ) async throws(KubernetesError) -> JSONValue {
        let path = type.path(namespace: namespace, name: name, subresource: subresource)
        let query = [("fieldManager", options.fieldManager)]
        return try await send(.PATCH, path, query: query, patch, as: .mergePatch, priority, timeout)
    }

    /// Sets the number of replicas, which is all that the scale subresource has.
    func scale(
        _ type: ResourceType, _ namespace: String, _ name: String, to replicas: Int,
        priority: Priority = .activation, timeout: Duration? = nil
    ) async throws(KubernetesError) -> JSONValue {
        let patch: JSONValue = ["spec": ["replicas": JSONValue(replicas)]]
        return try await merge(
            type, namespace, name, subresource: "scale", patch, priority: priority, timeout: timeout)
    }

    /// Deletes an object, and in the background whatever it owns.
    /// - Parameters:
    ///   - uid: only the object of this uid, not another of the same name; else ``KubernetesError/isConflict``.
    ///   - resourceVersion: only this version of it.
    func delete(
        _ type: ResourceType, _ namespace: String?, _ name: String, uid: String? = nil,
        resourceVersion: String? = nil, priority: Priority = .housekeeping, timeout: Duration? = nil
    ) async throws(KubernetesError) {
        var options: JSONValue = [
            "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background",
        ]
        var conditions: JSONValue = [:]
        if let uid { conditions["uid"] = .string(uid) }
        if let resourceVersion { conditions["resourceVersion"] = .string(resourceVersion) }
        if conditions != [:] { options["preconditions"] = conditions }
        _ = try await send(.DELETE, type.path(namespace: namespace, name: name), options, priority, timeout)
    }

    /// Version of the API server.
    func serverVersion(timeout: Duration? = nil) async throws(KubernetesError) -> ServerVersion {
        try await call(APIRequest(.GET, "/version"), priority: .housekeeping, timeout: timeout) {
            (data) throws(KubernetesError) in try Answer.decoded(data)
        }
    }

    /// Plural names of the kinds that the API server has in a group's version; empty when it does not know that one.
    func discovery(of group: String, _ version: String) async throws(KubernetesError) -> Set<String> {
        let path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        do throws(KubernetesError) {
            return try await call(APIRequest(.GET, path), priority: .housekeeping) { (data) throws(KubernetesError) in
                Set(try Answer.decoded(data, as: GroupResources.self).resources.map(\.name))
            }
        } catch  where error.isNotFound {
            return []
        }
    }

    private func send(
        _ method: HTTPMethod, _ path: String, query: [(String, String)] = [], _ object: JSONValue,
        as content: APIRequest.ContentType = .json, _ priority: Priority, _ timeout: Duration?
    ) async throws(KubernetesError) -> JSONValue {
        let request = APIRequest(method, path, query: query, content: content, body: object.encoded())
        return try await call(request, priority: priority, timeout: timeout) { (data) throws(KubernetesError) in
            try Answer.value(data)
        }
    }
}

/// What the API server says of itself.
struct ServerVersion: Sendable, Hashable, Decodable {
    /// For example `1`.
    let major: String
    /// For example `20`, or `20+`.
    let minor: String
    /// For example `v1.20.2`.
    let gitVersion: String
}

private struct GroupResources: Decodable {
    struct Resource: Decodable {
        let name: String
    }
    let resources: [Resource]
}
