/// Prints the figures that a test of a promise measured, so that a run shows them in addition to pass or fail.
package func report(_ promise: Int, _ findings: String...) {
    print("must hold \(promise): \(findings.joined(separator: " "))")
}
