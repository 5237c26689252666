import F2SModel

/// Writes the Secrets of functions, with the rights to create, update and delete Secrets, and without the right to read
/// one.
///
/// An update replaces the whole Secret, so its response contains no value but those of the request. F2S changes and
/// deletes only the Secret whose UID it has recorded; see ``FunctionSecretManifest``.
struct StoredFunctionSecrets: FunctionSecretWriter {
    private enum Outcome {
        case created, replaced
        /// The ConfigMap or the Secret of this name is not the one that F2S has written.
        case foreign(ResourceType)
    }

    /// Attempts to write a Secret that another process writes at the same time.
    private static let attemptsMax = 3

    private let client: KubernetesClient
    private let options: KubernetesOptions

    init(client: KubernetesClient, options: KubernetesOptions) {
        self.client = client
        self.options = options
    }

    func write(
        _ values: [String: Secret], to name: FunctionSecretName, of function: Function
    ) async throws(FunctionSecretError) -> Bool {
        guard options.allowsSecret(name.objectName) else { throw .notAllowed(name) }
        let outcome: Outcome
        do throws(KubernetesError) {
            outcome = try await put(values, manifest(name, function))
        } catch {
            throw failure(of: error, name)
        }
        switch outcome {
        case .created: return true
        case .replaced: return false
        case .foreign(let type): throw .foreign(kind: type.kind, name, namespace: options.functionsNamespace)
        }
    }

    func delete(_ name: FunctionSecretName, of function: Function) async throws(FunctionSecretError) {
        let manifest = manifest(name, function)
        do throws(KubernetesError) {
            if let record = try await fetchRecord(manifest), manifest.owns(record) {
                if let uid = Self.secretUID(in: record) { try await delete(.secrets, manifest, uid: uid) }
                // Without a recorded UID, the garbage collector deletes the Secret, if this record owns one.
                return try await delete(.configMaps, manifest, uid: Self.uid(of: record))
            }
        } catch {
            throw failure(of: error, name)
        }
        throw .notFound(name)
    }

    private func put(
        _ values: [String: Secret], _ manifest: FunctionSecretManifest
    ) async throws(KubernetesError) -> Outcome {
        for _ in 0..<Self.attemptsMax {
            guard let record = try await fetchOrCreateRecord(manifest) else { continue }
            guard manifest.owns(record), let recordUID = Self.uid(of: record) else { return .foreign(.configMaps) }
            if let known = Self.secretUID(in: record),
                try await replace(manifest.secret(values, record: recordUID, replacing: known), manifest)
            {
                return .replaced
            }
            if try await create(manifest.secret(values, record: recordUID, replacing: nil), manifest) {
                return .created
            }
            // Another process of F2S may have created the Secret. Then the record contains its UID soon.
        }
        return .foreign(.secrets)
    }

    /// Replaces the recorded Secret.
    /// - Returns: False if it does not exist any more.
    private func replace(
        _ secret: JSONValue, _ manifest: FunctionSecretManifest
    ) async throws(KubernetesError) -> Bool {
        do throws(KubernetesError) {
            _ = try await client.replace(
                .secrets, manifest.namespace, manifest.name.objectName, secret, priority: .activation)
            return true
        } catch {
            // The API server reports another UID as a conflict, also if there is no Secret of this name.
            guard error.isNotFound || error.isConflict else { throw error }
            return false
        }
    }

    /// Creates the Secret and records its UID.
    /// - Returns: False if a Secret of this name exists.
    private func create(
        _ secret: JSONValue, _ manifest: FunctionSecretManifest
    ) async throws(KubernetesError) -> Bool {
        let created: JSONValue
        do throws(KubernetesError) {
            created = try await client.create(.secrets, manifest.namespace, secret, priority: .activation)
        } catch {
            guard error.isAlreadyExists else { throw error }
            return false
        }
        guard let uid = Self.uid(of: created) else { throw .malformed("a Secret without UID") }
        do throws(KubernetesError) {
            _ = try await client.merge(
                .configMaps, manifest.namespace, manifest.name.objectName,
                ["metadata": ["annotations": .object([FunctionSecretManifest.uidAnnotation: .string(uid)])]],
                priority: .activation)
        } catch {
            // Without a record no later request could replace the Secret.
            try? await delete(.secrets, manifest, uid: uid)
            throw error
        }
        return true
    }

    /// Returns the record, or `nil` if another client has created or deleted one at the same time.
    private func fetchOrCreateRecord(
        _ manifest: FunctionSecretManifest
    ) async throws(KubernetesError) -> JSONValue? {
        if let record = try await fetchRecord(manifest) { return record }
        do throws(KubernetesError) {
            return try await client.create(.configMaps, manifest.namespace, manifest.record, priority: .activation)
        } catch {
            guard error.isAlreadyExists else { throw error }
            return nil
        }
    }

    private func fetchRecord(_ manifest: FunctionSecretManifest) async throws(KubernetesError) -> JSONValue? {
        do throws(KubernetesError) {
            return try await client.get(
                .configMaps, manifest.namespace, manifest.name.objectName, priority: .activation)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    private func delete(
        _ type: ResourceType, _ manifest: FunctionSecretManifest, uid: String?
    ) async throws(KubernetesError) {
        do throws(KubernetesError) {
            try await client.delete(
                type, manifest.namespace, manifest.name.objectName, uid: uid, priority: .activation)
        } catch {
            // The object is gone; another one of this name is not F2S's.
            guard error.isNotFound || error.isConflict else { throw error }
        }
    }

    private func manifest(_ name: FunctionSecretName, _ function: Function) -> FunctionSecretManifest {
        FunctionSecretManifest(
            name: name, function: function, namespace: options.functionsNamespace,
            functionNamespace: options.namespace)
    }

    private func failure(of error: KubernetesError, _ name: FunctionSecretName) -> FunctionSecretError {
        switch WorkloadError(error) {
        case .refused(_, let message) where error.isForbidden:
            .forbidden("The API server refuses the access: \(message)", name, namespace: options.functionsNamespace)
        case .refused(_, let message): .refused("The API server rejects the Secret: \(message)")
        default: .unavailable("F2S could not change the Secret \(name): \(error)")
        }
    }

    private static func uid(of object: JSONValue) -> String? { object["metadata"]?["uid"]?.text }

    private static func secretUID(in record: JSONValue) -> String? {
        record["metadata"]?["annotations"]?[FunctionSecretManifest.uidAnnotation]?.text
    }
}
