import F2SModel

/// The record of an invocation that has not ended.
final class PendingAccessRecord {
    var record: AccessRecord

    init(_ record: AccessRecord) { self.record = record }

    /// Sets the request ID of a request whose client has sent none.
    func name(_ identity: RequestIdentity) {
        guard record.requestID == nil else { return }
        record.requestID = identity.text
    }
}
