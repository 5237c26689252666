@testable import F2SDispatcher

extension Buffer {
    /// The contents of the buffer as text.
    var text: String { withBytes { $0.text(ByteRange(0, $0.count)) } }
}
