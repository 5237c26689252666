import Testing

/// The requirements of the first issue, tested with the release build over real sockets and processes. The tests run
/// one at a time, because each loads the machine and some measure it. Each prints its measurements in lines that begin
/// with "must hold" and the number of the requirement.
///
/// Counts and ratios within one run decide. A time is printed, and fails only at five times the promised value, because
/// the test machine may be busy.
@Suite(.serialized, .workshop) enum EndToEndSerial {
    /// The factor over the promised time at which a test fails.
    static let timeout = 5
}
