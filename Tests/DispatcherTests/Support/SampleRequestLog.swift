import F2SModel
import Synchronization

/// Keeps the records of both logs.
final class SampleRequestLog: AccessLog, AuditLog {
    private let state = Mutex<(records: [AccessRecord], entries: [AuditEntry])>(([], []))

    var records: [AccessRecord] { state.withLock { $0.records } }
    var entries: [AuditEntry] { state.withLock { $0.entries } }

    func record(_ record: AccessRecord) { state.withLock { $0.records.append(record) } }
    func record(_ entry: AuditEntry) { state.withLock { $0.entries.append(entry) } }
}
