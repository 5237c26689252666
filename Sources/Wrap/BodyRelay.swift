import NIOCore
import Synchronization

/// Hands a request's body from the one task that reads it to the command's standard input, chunk by chunk.
///
/// The task that reads must go on when the command has stopped listening: a body of HTTP/1.1 has to be read to its end
/// before the connection can be used again, and only one task may ever iterate it. So the reader of the relay may leave
/// at any time; chunks are dropped from then on.
///
/// Tasks are resumed outside the state's lock: cancelling a task holds that task's lock and needs the state, and
/// resuming it needs that task's lock.
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
        await withCheckedContinuation { producer in
            let last = replace { state in
                switch state {
                case .empty: .holding(chunk, producer)
                case .taking: .empty
                case .holding, .finished, .abandoned: state
                }
            }
            switch last {
            case .empty: break
            case .taking(let consumer):
                consumer.resume(returning: chunk)
                producer.resume()
            case .holding, .finished, .abandoned: producer.resume()
            }
        }
    }

    /// Says that nothing more comes.
    func finish() {
        let last = replace { state in
            switch state {
            case .empty, .taking: .finished
            case .holding, .finished, .abandoned: state
            }
        }
        if case .taking(let consumer) = last { consumer.resume(returning: nil) }
    }

    /// The next chunk; `nil` at the end, and when the task is cancelled. One caller at a time.
    func take() async -> ByteBuffer? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { consumer in
                let last = replace { state in
                    switch state {
                    case .empty: .taking(consumer)
                    case .holding: .empty
                    case .taking, .finished, .abandoned: state
                    }
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
        switch replace({ _ in .abandoned }) {
        case .taking(let consumer): consumer.resume(returning: nil)
        case .holding(_, let producer): producer.resume()
        case .empty, .finished, .abandoned: break
        }
    }

    /// Replaces the state.
    /// - Returns: the state before.
    private func replace(_ change: (State) -> State) -> State {
        state.withLock { state in
            defer { state = change(state) }
            return state
        }
    }
}
