import Glibc
import ProcessSupport

/// The cluster that the tests run on. `make test-cluster` starts one and sets the variables.
enum ClusterEnvironment {
    /// Path of the kubeconfig in `F2S_TEST_KUBECONFIG`; `nil` if there is no cluster, and then its tests are skipped.
    static var kubeconfig: String? { value("F2S_TEST_KUBECONFIG") }

    /// True if the cluster has a node that runs pods (`F2S_TEST_NODE=1`).
    static var hasNode: Bool { kubeconfig != nil && value("F2S_TEST_NODE") == "1" }

    /// Path of `scripts/cluster` in `F2S_TEST_CLUSTER`; `nil` if the cluster is not the project's own, and then no part
    /// of it is stopped.
    static var script: String? { value("F2S_TEST_CLUSTER") }

    /// True if parts of the cluster may be stopped, and processes of its pods killed.
    static var isOurs: Bool { hasNode && script != nil }

    /// True if tests that take minutes run too (`F2S_SOAK`).
    static var isSoak: Bool { value("F2S_SOAK") != nil }

    /// Image of F2S.
    static var image: String { value("F2S_TEST_IMAGE") ?? "f2s.local/f2s:now" }
    /// The same image under another name, for upgrades.
    static var nextImage: String { value("F2S_TEST_IMAGE_NEXT") ?? "f2s.local/f2s:next" }
    /// Image of the function (`Functions/pod.c`), version 1.
    static var functionImage: String { value("F2S_TEST_FUNCTION_IMAGE") ?? "f2s.local/function:1" }
    /// Version 2 of the function's image.
    static var nextFunctionImage: String { value("F2S_TEST_FUNCTION_IMAGE_NEXT") ?? "f2s.local/function:2" }

    /// The image of functions from Python source text. It contains nothing of F2S.
    static var pythonImage: String { value("F2S_TEST_PYTHON_IMAGE") ?? "python:3.12-slim" }

    /// Path of the program f2s.
    static var binary: String { value("F2S_BINARY") ?? "f2s" }

    /// The folder with Package.swift.
    static var repository: String { TestEnvironment.repository }

    private static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
