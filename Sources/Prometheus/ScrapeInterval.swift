/// The interval at which Prometheus scrapes F2S.
struct ScrapeInterval: Sendable, Hashable {
    /// A query for every scrape of F2S in the last 5 minutes, for which Prometheus regards a value as current. The
    /// metric exists in every F2S process, at any time.
    static let query = "f2s_build_info[5m]"
    /// Prometheus' own default.
    private static let secondsDefault = 60

    /// The interval in seconds, rounded, 1 to 300.
    let seconds: Int

    /// Reads the answer to ``query``. With a single scrape so far, the interval is Prometheus' default.
    /// - Returns: `nil` if there was no scrape.
    init?(_ matrix: PrometheusMatrix) {
        guard matrix.series.contains(where: { !$0.samples.isEmpty }) else { return nil }
        let gaps = matrix.series.flatMap { series in
            zip(series.samples.dropFirst(), series.samples).map { $0.time - $1.time }
        }.filter { $0 > 0 }.sorted()
        // The median: a scrape that has failed makes one gap longer.
        // Times beyond the 5 minutes of the query cannot be right.
        seconds = gaps.isEmpty ? Self.secondsDefault : Int(min(300, max(1, gaps[gaps.count / 2].rounded())))
    }
}
