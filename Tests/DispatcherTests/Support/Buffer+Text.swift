@testable import F2SDispatcher

extension Buffer {
    /// What is there, as text.
    var text: String { withBytes { $0.text(ByteRange(0, $0.count)) } }
}
