extension MetricRegistry {
    /// Returns the counter of invocations that were cut because their replica was stopped. Two modules count in it: the
    /// one that stops replicas, and the one that answers the hooks of a platform that stops them.
    public func invocationsCut() -> Counter {
        counter(
            "f2s_invocations_cut_total",
            help: "Invocations in flight when their replica was stopped, after the function's drain time.")
    }
}
