/// Prints the figures that a test of a promise measured, so that a run shows them in addition to pass or fail.
func report(_ promise: Int, _ finding: String) { print("must hold \(promise) (data plane): \(finding)") }
