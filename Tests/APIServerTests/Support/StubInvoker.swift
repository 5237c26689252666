import F2SModel
import Synchronization

/// Responds to invocations as a test wants.
final class StubInvoker: Invoker {
    typealias Reply = @Sendable (InvocationRequest) async throws -> InvocationResponse

    /// The requests so far.
    let requests = Latest<[InvocationRequest]>([])
    /// The number of invocations that were cancelled.
    let cancellations = Latest(0)
    private let reply: Reply

    init(_ reply: @escaping Reply = { _ in .parts(["hi"]) }) { self.reply = reply }

    func invoke<Result>(
        _ request: InvocationRequest, _ body: (InvocationResponse) async throws -> Result
    ) async throws -> Result {
        requests.update { $0.append(request) }
        do {
            return try await body(try await reply(request))
        } catch is CancellationError {
            cancellations.update { $0 += 1 }
            throw CancellationError()
        }
    }
}

extension InvocationResponse {
    /// Returns a response whose content arrives in these parts.
    /// - Parameters:
    ///   - isEndless: True if more content never arrives, and the content does not end.
    ///   - failure: The error after the last part.
    static func parts(
        _ parts: [String], status: Int = 200, fields: [InvocationField] = [], timing: InvocationTiming? = nil,
        replica: Replica.ID? = nil, isEndless: Bool = false, failure: InvocationError? = nil
    ) -> InvocationResponse {
        bytes(
            parts.map { Array($0.utf8) }, status: status, fields: fields, timing: timing, replica: replica,
            isEndless: isEndless, failure: failure)
    }

    /// Returns the same with parts that need not be text.
    static func bytes(
        _ parts: [[UInt8]], status: Int = 200, fields: [InvocationField] = [], timing: InvocationTiming? = nil,
        replica: Replica.ID? = nil, isEndless: Bool = false, failure: InvocationError? = nil
    ) -> InvocationResponse {
        let left = Latest(parts[...])
        return InvocationResponse(
            status: status, fields: fields, timing: timing, replica: replica,
            content: Content {
                if let part = left.update({ $0.popFirst() }) { return part }
                if let failure { throw failure }
                if isEndless { try await Task.sleep(for: .seconds(600)) }
                return nil
            })
    }
}
