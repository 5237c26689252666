import F2SModel
import Synchronization

/// One invocation of ``Invoker``. The caller's task and the event loop that performs the call exchange content and the
/// response through it. The loop never waits for the task; the task waits until the loop has changed something.
final class InProcessCall: Sendable {
    /// The request's head, as HTTP/1.1.
    let head: [UInt8]
    /// The name of the caller.
    let caller: String
    /// The caller on whose behalf the function is invoked; `nil` if F2S does so by itself.
    let principal: Principal?
    /// The longest time in nanoseconds until the response's head.
    let timeoutMax: UInt64

    private let state: Mutex<State>
    /// Tells the loop that the task has changed something.
    private let notify: @Sendable (InProcessCall) -> Void

    /// The most bytes that wait here in each direction. A single part may exceed it.
    static let heldBytesMax = 64 * 1024

    /// The head of a response.
    struct ResponseHead: Sendable {
        let status: Int
        let fields: [InvocationField]
        /// The time until the head; `nil` if it is not known.
        let timing: InvocationTiming?
        /// The replica that responds; `nil` if another F2S process has chosen it.
        let replica: Replica.ID?
    }

    private struct State {
        var content: [[UInt8]]
        var contentBytes: Int
        var isContentComplete: Bool
        var response: ResponseHead?
        var received: [UInt8] = []
        /// The end of the call; `nil` until it is known.
        var end: Result<Void, any Error>?
        var waiting: [CheckedContinuation<Void, Never>] = []

        var isOver: Bool { end != nil }
        var isContentFull: Bool { contentBytes >= heldBytesMax }
    }

    /// - Parameter content: The content, or `nil` if ``send(_:)`` and ``endContent()`` follow.
    init(
        head: [UInt8], content: [UInt8]?, caller: String, principal: Principal?, timeoutMax: UInt64,
        notify: @escaping @Sendable (InProcessCall) -> Void
    ) {
        self.head = head
        self.caller = caller
        self.principal = principal
        self.timeoutMax = timeoutMax
        self.notify = notify
        state = Mutex(
            State(
                content: content.map { [$0] } ?? [], contentBytes: content?.count ?? 0,
                isContentComplete: content != nil))
    }

    // MARK: The task

    /// Sends content, and returns when there is space for more.
    /// - Returns: False if the call has ended.
    func send(_ part: [UInt8]) async -> Bool {
        changeUnlessOver { state in
            state.content.append(part)
            state.contentBytes += part.count
        }
        await wait { !$0.isContentFull || $0.isOver }
        return state.withLock { !$0.isOver }
    }

    /// Marks the content as complete.
    func endContent() { changeUnlessOver { $0.isContentComplete = true } }

    /// Waits for the response's head.
    func response() async throws -> ResponseHead {
        await wait { $0.response != nil || $0.isOver }
        let (response, end) = state.withLock { ($0.response, $0.end) }
        if let response { return response }
        try end?.get()
        // Not reached: a call does not end well before its response has begun.
        throw InvocationError.replicaLost(afterResponseBegan: false)
    }

    /// Waits for the next part of the response's content.
    /// - Returns: `nil` at the end.
    func nextContent() async throws -> [UInt8]? {
        await wait { !$0.received.isEmpty || $0.isOver }
        let (part, end) = state.withLock { state in
            defer { state.received = [] }
            return (state.received, state.end)
        }
        guard part.isEmpty else {
            // The loop has stopped reading from the replica.
            if part.count >= Self.heldBytesMax, end == nil { notify(self) }
            return part
        }
        try end?.get()
        return nil
    }

    /// Ends the call, because its caller does not wait any more. It has no effect if the call has already ended.
    func cancel(_ error: any Error = CancellationError()) {
        if end(.failure(error)) { notify(self) }
    }

    /// Makes a change that matters to the loop. It has no effect after the end of the call.
    private func changeUnlessOver(_ body: (inout State) -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { body(&state) }
            return state.isOver
        }
        if !isOver { notify(self) }
    }

    private func wait(until isFulfilled: @Sendable (borrowing State) -> Bool) async {
        while true {
            let isDone = state.withLock { isFulfilled($0) }
            if isDone { return }
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard !isFulfilled(state) else { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if isDone { continuation.resume() }
            }
        }
    }

    // MARK: The loop

    /// True if the call has ended.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// The number of bytes of the response that the task has not read.
    var unreadBytes: Int { state.withLock { $0.received.count } }

    /// Returns and removes the content that has arrived.
    func takeContent() -> (parts: [[UInt8]], isComplete: Bool) {
        change { state in
            defer { (state.content, state.contentBytes) = ([], 0) }
            return (state.content, state.isContentComplete)
        }
    }

    /// The response's head has arrived.
    func begin(_ head: ResponseHead) { change { $0.response = head } }

    /// Content of the response has arrived.
    func receive(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        let part = bytes.withUnsafeBufferPointer { Array($0) }
        change { $0.received = $0.received.isEmpty ? part : $0.received + part }
    }

    /// Ends the call.
    /// - Returns: False if it has already ended.
    @discardableResult
    func end(_ result: Result<Void, any Error>) -> Bool {
        change { state in
            guard !state.isOver else { return false }
            state.end = result
            return true
        }
    }

    /// Changes the state and lets the task check it again.
    private func change<Value: Sendable>(_ body: (inout State) -> Value) -> Value {
        let (value, waiting) = state.withLock { state in
            let value = body(&state)
            defer { state.waiting = [] }
            return (value, state.waiting)
        }
        for continuation in waiting { continuation.resume() }
        return value
    }
}
