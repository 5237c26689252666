import Testing

/// Tests that load the machine or measure time. They run one at a time, so that they do not slow each other down.
@Suite(.serialized) enum DispatcherSerial {}
