import F2SModel

extension KubernetesRuntime {
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
