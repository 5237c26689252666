import F2SConfig
import F2SMetrics
import F2SModel
import F2SSystem
import Glibc
import Logging
import Synchronization

/// Writes the access log and the audit log to the outputs of the settings.
final class RequestLogOutput: AccessLog, AuditLog {
    /// The destination of the audit log.
    private enum AuditOutput {
        case none
        /// The log of F2S.
        case errors
        case file
    }

    private struct State {
        var limiter = AuditLimiter()
        var auditOutput = AuditOutput.none
    }

    private let access: RecordWriter<AccessRecord>
    private let audit: RecordWriter<String>
    private let errors: LogWriter
    private let format = Latest(AccessLogFormat.none)
    private let state = Mutex(State())
    private let lostAudit: Counter

    /// Creates logs without an output.
    /// - Parameter errors: Writes the log of F2S.
    init(metrics: MetricRegistry, errors: LogWriter, logger: Logger) {
        func counter(_ log: String) -> Counter {
            metrics.counter(
                "f2s_log_lines_lost_total",
                help: "Lines of the access log and of the audit log that were lost or left out.",
                labels: [("log", log)])
        }
        let (lostAccess, lostAudit) = (counter("access"), counter("audit"))
        self.lostAudit = lostAudit
        self.errors = errors
        access = RecordWriter(threadName: "f2s-access-log") { [format] record in
            format.current == .combined ? record.combined : record.json
        } failed: { failure in
            RequestLogOutput.report(failure, of: "access", lostAccess, logger)
        }
        audit = RecordWriter(threadName: "f2s-audit-log") { line in
            line
        } failed: { failure in
            RequestLogOutput.report(failure, of: "audit", lostAudit, logger)
        }
    }

    private static func report(_ failure: RecordWriterFailure, of log: String, _ lost: Counter, _ logger: Logger) {
        switch failure {
        case .lost(let count): lost.add(UInt64(count))
        case .unwritable(let path, let error):
            logger.error(
                "The \(log) log cannot be written, and its lines are lost. Correct f2s.\(log)_log_file, or the file.",
                metadata: ["path": "\(path.isEmpty ? "standard output" : path)", "error": "\(error.text)"])
        }
    }

    /// Applies changed settings.
    /// - Parameter isProtected: True if callers are authenticated.
    func apply(_ settings: Settings, isProtected: Bool) {
        format.publish(settings.accessLogFormat)
        var output = RecordWriter<AccessRecord>.Output.descriptor(STDOUT_FILENO)
        if let path = settings.accessLogFile { output = .file(path) }
        access.set(settings.accessLogFormat == .none ? nil : output)
        let path = settings.auditsRequests ? settings.auditLogFile : nil
        audit.set(path.map { .file($0) })
        // Without authentication there is no caller to name, and the log of F2S contains the changes.
        let isInErrors = settings.auditsRequests && isProtected
        state.withLock { $0.auditOutput = path != nil ? .file : isInErrors ? .errors : .none }
    }

    func record(_ record: AccessRecord) { access.write(record) }

    func record(_ entry: AuditEntry) {
        let (time, now) = (SystemClock.secondsSince1970(), SystemClock.monotonicNanoseconds())
        let decision = state.withLock { state -> (AuditLimiter.Verdict, AuditOutput)? in
            state.auditOutput == .none ? nil : (state.limiter.decide(entry, now: now), state.auditOutput)
        }
        guard let (verdict, output) = decision else { return }
        switch verdict {
        case .leaveOut: lostAudit.add()
        case .write(let omitted):
            if omitted > 0 { write(AuditEntry.omission(of: omitted, at: time), to: output) }
            write(entry.json(at: time), to: output)
        }
    }

    private func write(_ line: String, to output: AuditOutput) {
        switch output {
        case .none: break
        case .errors: errors.write(Array((line + "\n").utf8))
        case .file: audit.write(line)
        }
    }

    /// Waits for a moment until all lines are written.
    func flush() {
        let (omitted, output) = state.withLock { ($0.limiter.popOmitted(), $0.auditOutput) }
        if omitted > 0 { write(AuditEntry.omission(of: omitted, at: SystemClock.secondsSince1970()), to: output) }
        access.flush()
        audit.flush()
    }
}
