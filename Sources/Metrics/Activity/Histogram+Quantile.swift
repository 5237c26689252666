extension Histogram.Reading {
    /// Returns the observations since an earlier reading of the same histogram. The result has no negative counts, and
    /// is this reading itself if the bounds differ.
    public func since(_ earlier: Histogram.Reading) -> Histogram.Reading {
        guard earlier.bounds == bounds else { return self }
        return Histogram.Reading(
            bounds: bounds, counts: zip(counts, earlier.counts).map { $0 < $1 ? 0 : $0 - $1 },
            sumNanoseconds: sumNanoseconds &- earlier.sumNanoseconds)
    }

    /// Returns an estimate of the quantile in seconds, as Prometheus' `histogram_quantile` does: the observations of a
    /// bucket are assumed to be spread evenly over it. For a quantile in the last bucket the highest bound is returned.
    /// - Parameter quantile: 0…1.
    /// - Returns: `nil` if there are no observations, or no bounds.
    public func quantile(_ quantile: Double) -> Double? { bounds.quantile(quantile, of: counts) }
}

extension Histogram.Bounds {
    /// Returns the quantile of observations that are counted per bucket of these bounds; see
    /// ``Histogram/Reading/quantile(_:)``.
    func quantile(_ quantile: Double, of counts: some Sequence<some UnsignedInteger>) -> Double? {
        let total = counts.reduce(0.0) { $0 + Double($1) }
        guard total > 0, let highest = seconds.last else { return nil }
        let rank = min(max(quantile, 0), 1) * total
        var below = 0.0
        var lower = 0.0
        for (upper, count) in zip(seconds, counts) {
            let count = Double(count)
            if below + count >= rank, count > 0 { return lower + (upper - lower) * max(0, rank - below) / count }
            below += count
            lower = upper
        }
        return highest
    }
}
