import Testing

/// F2S as two pods on a real Kubernetes cluster. The tests run one at a time, because each changes or loads the
/// cluster, and some measure it. Each prints its figures.
///
/// Counts decide whether a test passes. A time is printed, and fails the test only if it exceeds five times the
/// promised one: the machine that runs the tests also runs Kubernetes, the functions, the load and F2S.
@Suite(
    .serialized, .enabled(if: ClusterEnvironment.hasNode, "needs a cluster with a node: `make test-cluster`"),
    .f2sOnCluster)
enum ClusterSerial {
    /// Factor by which a time may exceed the promised one before a test fails.
    static let timeout = 5
}
