/// Prints what a test of a promise has found, so that a run tells the figures and not only that they are good enough.
func report(_ promise: Int, _ finding: String) { print("must hold \(promise) (data plane): \(finding)") }
