/// Prints what a test of a promise has found, so that a run tells the figures and not only that they are good enough.
package func report(_ promise: Int, _ findings: String...) {
    print("must hold \(promise): \(findings.joined(separator: " "))")
}
