import F2SModel

extension KubernetesRuntime {
    /// See ``ReplicaRuntime/fetchLeaving(_:)``.
    func fetchLeaving(_ id: Function.ID) async throws -> [Replica.ID] {
        let found = try await client.list(
            .pods, options.functionsNamespace, selector: ObjectLabel.selector(of: id), as: PodObservation.self,
            priority: .activation)
        return found.items.filter { $0.isDeleting && !$0.isOver }.map { Replica.ID($0.uid) }
    }

    /// Returns true if a function no longer exists. Asks the API server, because the watch of functions may be behind
    /// that of Deployments, and that must not delete the objects of a function that exists.
    func isGone(_ function: Function.ID, named name: String) async throws(KubernetesError) -> Bool {
        do throws(KubernetesError) {
            let found: JSONValue = try await client.get(
                .functions, options.namespace, name, priority: .housekeeping)
            let metadata = found["metadata"]
            return metadata?["uid"]?.text != function.text || metadata?["deletionTimestamp"] != nil
        } catch {
            if error.isNotFound { return true }
            throw error
        }
    }
}
