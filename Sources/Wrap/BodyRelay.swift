import NIOCore
import Synchronization

/// Hands a request's body from the one task that reads it to the command's standard input, chunk by chunk.
///
/// The task that reads must go on when the command has stopped listening: a body of HTTP/1.1 has to be read to its end
/// before the connection can be used again, and only one task may ever iterate it. So the reader of the relay may
/// leave at
/// any time; chunks are dropped from then on.
final class BodyRelay: Sendable {
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
            state.withLock { state in
                switch state {
                case .empty:
                    state = .holding(chunk, producer)
                case .taking(let consumer):
                    state = .empty
                    consumer.resume(returning: chunk)
                    producer.resume()
                case .holding, .finished, .abandoned:
                    producer.resume()
                }
            }
        }
    }

    /// Says that nothing more comes.
    func finish() {
        state.withLock { state in
            switch state {
            case .empty:
                state = .finished
            case .taking(let consumer):
                state = .finished
                consumer.resume(returning: nil)
            case .holding, .finished, .abandoned:
                break
            }
        }
    }

    /// The next chunk; `nil` at the end, and when the task is cancelled. One caller at a time.
    func take() async -> ByteBuffer? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { consumer in
                state.withLock { state in
                    switch state {
                    case .empty:
                        state = .taking(consumer)
                    case .holding(let chunk, let producer):
                        state = .empty
                        consumer.resume(returning: chunk)
                        producer.resume()
                    case .taking, .finished, .abandoned:
                        consumer.resume(returning: nil)
                    }
                }
            }
        } onCancel: {
            leave()
        }
    }

    /// Says that nobody takes chunks any more.
    func leave() {
        state.withLock { state in
            let last = state
            state = .abandoned
            switch last {
            case .taking(let consumer): consumer.resume(returning: nil)
            case .holding(_, let producer): producer.resume()
            case .empty, .finished, .abandoned: break
            }
        }
    }
}
