import F2SModel

extension KubernetesRuntime {
    /// Publishes the IP addresses of all pods of functions whenever they change, until the task is cancelled. Failing
    /// pods are included as long as their containers may run.
    func followAddresses(_ publish: (Set<String>) -> Void) async {
        for await reflection in pods.latest.values() where reflection.isSynced {
            publish(
                reflection.items.values.reduce(into: []) { addresses, pod in
                    if !pod.isOver { addresses.formUnion(pod.addresses) }
                })
        }
    }
}
