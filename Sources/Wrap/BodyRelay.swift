import NIOCore
import Synchronization

/// Passes a request's body, chunk by chunk, from the task that reads it to the command's standard input.
///
/// The reading task must continue after the command has stopped reading: an HTTP/1.1 body must be read to its end
/// before the connection can be used again, and only one task may ever iterate it. Therefore the relay's consumer may
/// leave at any time; from then on, the relay drops all chunks.
///
/// Tasks are resumed outside the state's lock: the cancellation of a task holds that task's lock and needs the state,
/// and its resumption needs the task's lock.
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

    /// Passes a chunk on. Returns once the consumer has received it, or at once if the consumer has left. Only one
    /// caller at a time is allowed.
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

    /// Ends the body.
    func finish() {
        let last = replace { state in
            switch state {
            case .empty, .taking: .finished
            case .holding, .finished, .abandoned: state
            }
        }
        if case .taking(let consumer) = last { consumer.resume(returning: nil) }
    }

    /// Returns the next chunk; `nil` at the end and if the task is cancelled. Only one caller at a time is allowed.
    func nextChunk() async -> ByteBuffer? {
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

    /// Ends the consumption of chunks.
    func leave() {
        switch replace({ _ in .abandoned }) {
        case .taking(let consumer): consumer.resume(returning: nil)
        case .holding(_, let producer): producer.resume()
        case .empty, .finished, .abandoned: break
        }
    }

    /// Replaces the state.
    /// - Returns: The previous state.
    private func replace(_ change: (State) -> State) -> State {
        state.withLock { state in
            defer { state = change(state) }
            return state
        }
    }
}
