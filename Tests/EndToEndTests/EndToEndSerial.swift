import Testing

/// What the first issue promises, shown by the release build over real sockets and real processes. One test at a time,
/// because each loads the machine and some measure it; each prints the figures that it has found.
///
/// Counts and ratios within one run decide. A time is printed, and fails only at five times what is promised: the
/// machine that runs the tests has other things to do.
@Suite(.serialized, .workshop) enum EndToEndSerial {
    /// How much longer than promised something may take before a test fails.
    static let patience = 5
}
