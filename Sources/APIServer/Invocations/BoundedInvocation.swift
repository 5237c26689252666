import F2SModel
import Synchronization

/// Invokes a function and reads its response within bounds of bytes and time.
struct BoundedInvocation: Sendable {
    /// Invokes functions.
    let invoker: any Invoker
    /// The time after the response's head in which the content must be complete. Then the invocation is ended.
    let contentTimeout: Duration

    /// Invokes a function and reads the response.
    /// - Parameter problem: Returns the problem of a failed invocation.
    /// - Throws: `CancellationError` if the client has disconnected.
    @concurrent
    func run(
        _ request: InvocationRequest, problem: @Sendable (InvocationError) -> Problem
    ) async throws -> InvocationResult {
        let reading = Reading()
        let begun = ContinuousClock.now
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [invoker] in
                    try await invoker.invoke(request) { response in
                        reading.begin(response)
                        for try await part in response.content {
                            guard reading.receive(part) else { return }
                        }
                        reading.change { $0.complete() }
                    }
                }
                group.addTask { [contentTimeout] in
                    await reading.waitForHead()
                    try await Task.sleep(for: contentTimeout)
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch let error as InvocationError {
            return reading.end(after: ContinuousClock.now - begun, problem(error))
        }
        return reading.end(after: ContinuousClock.now - begun, nil)
    }
}

/// The result of an invocation while its response is being read.
private final class Reading: Sendable {
    private let result = Mutex(InvocationResult())
    private let hasBegun = Latest(false)

    func change<Value: Sendable>(_ body: (inout InvocationResult) -> Value) -> Value {
        result.withLock { body(&$0) }
    }

    func begin(_ response: InvocationResponse) {
        change { $0.begin(response) }
        hasBegun.publish(true)
    }

    /// Returns false if no more content may be read.
    func receive(_ part: [UInt8]) -> Bool { change { $0.receive(part) } }

    /// Returns when the head has arrived, or when the task is cancelled.
    func waitForHead() async {
        for await hasBegun in hasBegun.values() where hasBegun { return }
    }

    func end(after duration: Duration, _ problem: Problem?) -> InvocationResult {
        change { result in
            result.end(after: duration, problem)
            return result
        }
    }
}
