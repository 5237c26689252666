import Glibc

/// The cluster that the tests run on: `make test-cluster` starts one and names it.
enum ClusterEnvironment {
    /// Path of the kubeconfig in `F2S_TEST_KUBECONFIG`; `nil`: there is no cluster, and its tests are skipped.
    static var kubeconfig: String? { value("F2S_TEST_KUBECONFIG") }

    /// Whether the cluster has a node that runs pods (`F2S_TEST_NODE=1`).
    static var hasNode: Bool { kubeconfig != nil && value("F2S_TEST_NODE") == "1" }

    /// Path of `scripts/cluster` in `F2S_TEST_CLUSTER`; `nil`: the cluster is somebody else's, and no part of it is
    /// stopped.
    static var script: String? { value("F2S_TEST_CLUSTER") }

    /// Whether parts of the cluster may be stopped and processes of its pods killed.
    static var isOurs: Bool { hasNode && script != nil }

    /// True if tests that take minutes run too (`F2S_SOAK`).
    static var isSoak: Bool { value("F2S_SOAK") != nil }

    /// Image of F2S.
    static var image: String { value("F2S_TEST_IMAGE") ?? "f2s.local/f2s:now" }
    /// The same under another name, as an upgrade has it.
    static var nextImage: String { value("F2S_TEST_IMAGE_NEXT") ?? "f2s.local/f2s:next" }
    /// Image of the function (`Functions/pod.c`), version 1.
    static var functionImage: String { value("F2S_TEST_FUNCTION_IMAGE") ?? "f2s.local/function:1" }
    /// Version 2 of it.
    static var nextFunctionImage: String { value("F2S_TEST_FUNCTION_IMAGE_NEXT") ?? "f2s.local/function:2" }

    /// The folder that Package.swift is in.
    static var repository: String {
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
    }

    private static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
