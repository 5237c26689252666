import NIOCore
import Synchronization

/// Hands a request's body from the one task that reads it to the command's standard input, chunk by chunk.
///
/// The task that reads must go on when the command has stopped listening: a body of HTTP/1.1 has to be read to its end
/// before the connection can be used again, and only one task may ever iterate it. So the reader of the relay may
/// leave at
/// any time; chunks are dropped from then on.
final class BodyRelay: Sendable {
    /// Tasks are resumed after the lock: who cancels a task holds a lock of that task, which a resumption waits for,
    /// and waits for the lock here.
    private enum State {
        case empty
        case taking(CheckedContinuation<ByteBuffer?, Never>)
        case holding(ByteBuffer, CheckedContinuation<Void, Never>)
        case finished
        case abandoned
    }

    private let state = Mutex(State.empty)

    init() {}

    /// Returns once the chunk has been taken, or at once when nobody will take it. One caller at a time.
    func put(_ chunk: ByteBuffer) async {
        await withCheckedContinuation { (producer: CheckedContinuation<Void, Never>) in
            let (consumer, isDone) = state.withLock { state -> (CheckedContinuation<ByteBuffer?, Never>?, Bool) in
                switch state {
                case .empty:
                    state = .holding(chunk, producer)
                    return (nil, false)
                case .taking(let consumer):
                    state = .empty
                    return (consumer, true)
                case .holding, .finished, .abandoned:
                    return (nil, true)
                }
            }
            consumer?.resume(returning: chunk)
            if isDone { producer.resume() }
        }
    }

    /// Says that nothing more comes.
    func finish() {
        let consumer = state.withLock { state -> CheckedContinuation<ByteBuffer?, Never>? in
            switch state {
            case .empty:
                state = .finished
                return nil
            case .taking(let consumer):
                state = .finished
                return consumer
            case .holding, .finished, .abandoned:
                return nil
            }
        }
        consumer?.resume(returning: nil)
    }

    /// The next chunk; `nil` at the end, and when the task is cancelled. One caller at a time.
    func take() async -> ByteBuffer? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { consumer in
                let last = state.withLock { state in
                    let last = state
                    switch state {
                    case .empty: state = .taking(consumer)
                    case .holding: state = .empty
                    case .taking, .finished, .abandoned: break
                    }
                    return last
                }
                switch last {
                case .empty: break
                case .holding(let chunk, let producer):
                    consumer.resume(returning: chunk)
                    producer.resume()
                case .taking, .finished, .abandoned: consumer.resume(returning: nil)
                }
            }
        } onCancel: {
            leave()
        }
    }

    /// Says that nobody takes chunks any more.
    func leave() {
        let last = state.withLock { state in
            defer { state = .abandoned }
            return state
        }
        switch last {
        case .taking(let consumer): consumer.resume(returning: nil)
        case .holding(_, let producer): producer.resume()
        case .empty, .finished, .abandoned: break
        }
    }
}
