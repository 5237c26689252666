import Glibc

/// The cluster that the tests run on: `make test-cluster` starts one and names it.
enum ClusterEnvironment {
    /// Path of the kubeconfig in `F2S_TEST_KUBECONFIG`; `nil`: there is no cluster, and its tests are skipped.
    static var kubeconfig: String? { getenv("F2S_TEST_KUBECONFIG").map { String(cString: $0) } }

    /// Whether the cluster has a node that runs pods (`F2S_TEST_NODE=1`).
    static var hasNode: Bool { kubeconfig != nil && getenv("F2S_TEST_NODE").map { String(cString: $0) } == "1" }
}
