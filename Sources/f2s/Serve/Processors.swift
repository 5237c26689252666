import NIOCore

/// How many event loops the dispatcher gets.
enum Processors {
    /// As many as there are cores less one, which is the control plane's; at least one.
    static var dispatcherLoops: Int { max(1, System.coreCount - 1) }
}
