import F2SModel
import Synchronization

/// A counter for each stage. The `switch` is exhaustive: a new stage does not compile until it has a counter, and no
/// index is kept in step by hand.
struct StageCounters: ~Copyable {
    private let route = Atomic<UInt64>(0)
    private let auth = Atomic<UInt64>(0)
    private let queue = Atomic<UInt64>(0)
    private let scale = Atomic<UInt64>(0)
    private let image = Atomic<UInt64>(0)
    private let schedule = Atomic<UInt64>(0)
    private let start = Atomic<UInt64>(0)
    private let connect = Atomic<UInt64>(0)
    private let function = Atomic<UInt64>(0)
    private let timeout = Atomic<UInt64>(0)

    /// Counts a failure of the stage. Never waits.
    func count(_ stage: Stage) { withCounter(stage) { _ = $0.wrappingAdd(1, ordering: .relaxed) } }

    func total(of stage: Stage) -> UInt64 { withCounter(stage) { $0.load(ordering: .relaxed) } }

    private func withCounter<Result>(_ stage: Stage, _ body: (borrowing Atomic<UInt64>) -> Result) -> Result {
        switch stage {
        case .route: body(route)
        case .auth: body(auth)
        case .queue: body(queue)
        case .scale: body(scale)
        case .image: body(image)
        case .schedule: body(schedule)
        case .start: body(start)
        case .connect: body(connect)
        case .function: body(function)
        case .timeout: body(timeout)
        }
    }
}
