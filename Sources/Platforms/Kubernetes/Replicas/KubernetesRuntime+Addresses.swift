import F2SModel

extension KubernetesRuntime {
    /// Tells the IP addresses of every pod of a function as they change, until the task is cancelled. Pods that fail or
    /// end are among them as long as their containers may run.
    func followAddresses(_ publish: (Set<String>) -> Void) async {
        for await reflection in pods.latest.values() where reflection.isSynced {
            publish(
                reflection.items.values.reduce(into: []) { addresses, pod in
                    if !pod.isOver { addresses.formUnion(pod.addresses) }
                })
        }
    }
}
