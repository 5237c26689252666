import F2SModel
import Synchronization

/// One invocation of ``Invoker``, shared by the task of its caller and by the event loop that performs it. Each side
/// leaves here what the other one takes. The loop never waits; the task waits until something has changed.
final class InProcessCall: Sendable {
    /// The request's head, over HTTP/1.1.
    let head: [UInt8]
    /// The name of the caller.
    let caller: String
    /// The longest time in nanoseconds until the response's head.
    let timeoutMax: UInt64

    private let state: Mutex<State>
    /// Tells the loop that the task has changed something.
    private let notify: @Sendable (InProcessCall) -> Void

    /// The most bytes of either content that wait here. A single part may exceed it.
    static let heldBytesMax = 64 * 1024

    private struct State {
        var content: [UInt8]
        var isContentComplete: Bool
        var response: (status: Int, fields: [InvocationField])?
        var received: [UInt8] = []
        /// The end of the response; `nil` until it is known.
        var end: Result<Void, any Error>?
        /// True if the caller ended the call.
        var isCancelled = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// - Parameter content: The content, or `nil` if ``send(_:)`` and ``endContent()`` follow.
    init(
        head: [UInt8], content: [UInt8]?, caller: String, timeoutMax: UInt64,
        notify: @escaping @Sendable (InProcessCall) -> Void
    ) {
        self.head = head
        self.caller = caller
        self.timeoutMax = timeoutMax
        self.notify = notify
        state = Mutex(State(content: content ?? [], isContentComplete: content != nil))
    }

    // MARK: The task

    /// Sends content, and returns when there is space for more.
    /// - Returns: False if the call has ended.
    func send(_ part: [UInt8]) async -> Bool {
        state.withLock { if $0.end == nil { $0.content += part } }
        notify(self)
        await wait { $0.content.count < Self.heldBytesMax || $0.end != nil }
        return state.withLock { $0.end == nil }
    }

    func endContent() {
        state.withLock { $0.isContentComplete = true }
        notify(self)
    }

    /// Waits for the response's head.
    func response() async throws -> (status: Int, fields: [InvocationField]) {
        await wait { $0.response != nil || $0.end != nil }
        let (response, end) = state.withLock { ($0.response, $0.end) }
        if let response { return response }
        try end?.get()
        // Not reached: a call does not end well before its response has begun.
        throw InvocationError.replicaLost(afterResponseBegan: false)
    }

    /// Waits for the next part of the response's content.
    /// - Returns: `nil` at the end.
    func nextContent() async throws -> [UInt8]? {
        await wait { !$0.received.isEmpty || $0.end != nil }
        let (part, end) = state.withLock { state in
            defer { state.received = [] }
            return (state.received, state.end)
        }
        guard part.isEmpty else {
            if part.count >= Self.heldBytesMax { notify(self) }
            return part
        }
        try end?.get()
        return nil
    }

    /// Ends the call, because its caller does not wait any more. It has no effect if the call has already ended.
    func cancel(_ error: any Error = CancellationError()) {
        let isNew = change { state in
            guard state.end == nil else { return false }
            state.isCancelled = true
            state.end = .failure(error)
            return true
        }
        if isNew { notify(self) }
    }

    private func wait(until isFulfilled: @Sendable (borrowing State) -> Bool) async {
        while true {
            let isOver = state.withLock { isFulfilled($0) }
            if isOver { return }
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !isFulfilled(state) else { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        }
    }

    // MARK: The loop

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// The number of bytes of the response that the task has not read.
    var unreadBytes: Int { state.withLock { $0.received.count } }

    /// The content, if it is known as a whole and has at most `bytesMax` bytes.
    func completeContent(bytesMax: Int) -> [UInt8]? {
        state.withLock { $0.isContentComplete && $0.content.count <= bytesMax ? $0.content : nil }
    }

    /// Returns and removes the content that has arrived.
    func takeContent() -> (bytes: [UInt8], isComplete: Bool) {
        change { state in
            defer { state.content = [] }
            return (state.content, state.isContentComplete)
        }
    }

    func begin(_ status: Int, _ fields: [InvocationField]) { change { $0.response = (status, fields) } }

    func receive(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        let part = bytes.withUnsafeBufferPointer { Array($0) }
        change { $0.received += part }
    }

    func end(_ result: Result<Void, any Error>) { change { if $0.end == nil { $0.end = result } } }

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
