import FoundationEssentials
import NIOHTTP1

extension KubernetesClient {
    /// Returns one object.
    func get<Item: Decodable & Sendable>(
        _ type: ResourceType, _ namespace: String?, _ name: String, subresource: String? = nil,
        as: Item.Type = Item.self, priority: Priority = .housekeeping, timeout: Duration? = nil
    ) async throws(KubernetesError) -> Item {
        let path = type.path(namespace: namespace, name: name, subresource: subresource)
        return try await call(KubernetesRequest(.GET, path), priority: priority, timeout: timeout) {
            (data) throws(KubernetesError) in try ResponseDecoder.decoded(data)
        }
    }

    /// Creates an object and returns it as stored.
    func create(
        _ type: ResourceType, _ namespace: String?, _ object: JSONValue, priority: Priority = .housekeeping,
        timeout: Duration? = nil
    ) async throws(KubernetesError) -> JSONValue {
        try await send(.POST, type.path(namespace: namespace), object, priority, timeout)
    }

    /// Replaces an object. If `metadata.resourceVersion` is set and the stored version is another one, the call fails
    /// with ``KubernetesError/isConflict``.
    func replace(
        _ type: ResourceType, _ namespace: String?, _ name: String, subresource: String? = nil, _ object: JSONValue,
        priority: Priority = .housekeeping, timeout: Duration? = nil
    ) async throws(KubernetesError) -> JSONValue {
        let path = type.path(namespace: namespace, name: name, subresource: subresource)
        return try await send(.PUT, path, object, priority, timeout)
    }

    /// Applies fields on the server side: F2S's field manager then owns the fields in `object`. Fields that it applied
    /// before and that `object` lacks are removed. Fields of other managers stay.
    /// - Parameters:
    ///   - object: the fields to apply; `apiVersion` and `kind` may be absent.
    ///   - force: true to take over fields of other managers; if false, such a field causes
    ///     ``KubernetesError/isConflict``.
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

    /// Sets the fields in `patch` and removes the fields that are `null` there (RFC 7386).
    func merge(
        _ type: ResourceType, _ namespace: String?, _ name: String, subresource: String? = nil, _ patch: JSONValue,
        priority: Priority = .housekeeping, timeout: Duration? = nil
    ) async throws(KubernetesError) -> JSONValue {
        let path = type.path(namespace: namespace, name: name, subresource: subresource)
        let query = [("fieldManager", options.fieldManager)]
        return try await send(.PATCH, path, query: query, patch, as: .mergePatch, priority, timeout)
    }

    /// Deletes an object. Its dependents are deleted in the background.
    /// - Parameters:
    ///   - uid: the UID of the object to delete. Another object of the same name causes ``KubernetesError/isConflict``.
    ///   - resourceVersion: the version of the object to delete; `nil`: any version.
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

    /// Returns the version of the API server.
    func serverVersion(timeout: Duration? = nil) async throws(KubernetesError) -> ServerVersion {
        try await call(KubernetesRequest(.GET, "/version"), priority: .housekeeping, timeout: timeout) {
            (data) throws(KubernetesError) in try ResponseDecoder.decoded(data)
        }
    }

    private func send(
        _ method: HTTPMethod, _ path: String, query: [(String, String)] = [], _ object: JSONValue,
        as content: KubernetesRequest.ContentType = .json, _ priority: Priority, _ timeout: Duration?
    ) async throws(KubernetesError) -> JSONValue {
        let request = KubernetesRequest(method, path, query: query, content: content, body: object.encoded())
        return try await call(request, priority: priority, timeout: timeout) { (data) throws(KubernetesError) in
            try ResponseDecoder.value(data)
        }
    }
}

/// The version of the API server, as `/version` reports it.
struct ServerVersion: Sendable, Hashable, Decodable {
    /// The major version, for example `1`.
    let major: String
    /// The minor version, for example `20` or `20+`.
    let minor: String
    /// The full version, for example `v1.20.2`.
    let gitVersion: String
}
