import Testing

/// Tests that load the machine, and tests that watch the clock: one at a time, so that none takes another's time away.
@Suite(.serialized) enum DispatcherSerial {}
