import F2SModel

extension KubernetesRuntime {
    /// Rejects a function that names a Secret that it may not use.
    func checkSecrets(of function: Function) throws(WorkloadError) {
        for secret in WorkloadManifest.secrets(of: function.target) {
            guard options.allowsSecret(secret) else { throw .secretNotAllowed(secret) }
            if let owner = FunctionSecretName.owner(of: secret), owner != function.name.text {
                throw .secretOfFunction(secret, owner: owner)
            }
        }
    }
}
