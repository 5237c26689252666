import Testing

/// F2S as two pods of a real Kubernetes. One test at a time, because each changes or loads the cluster and some measure
/// it; each prints the figures that it has found.
///
/// Counts decide. A time is printed, and fails only at five times what is promised: the machine that runs the tests
/// runs Kubernetes, the functions and the load beside F2S.
@Suite(
    .serialized, .enabled(if: ClusterEnvironment.hasNode, "`make test-cluster` starts a cluster and names it"),
    .f2sOnCluster)
enum ClusterSerial {
    /// How much longer than promised something may take before a test fails.
    static let patience = 5
}
