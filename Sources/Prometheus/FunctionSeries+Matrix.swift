import F2SMetrics
import F2SModel

extension FunctionSeries {
    /// Reads the answer to a ``FunctionQuery``. Where F2S was scraped, a counter or a load without a value is zero,
    /// because F2S exports what it has counted only. Everything else without a value is not known.
    init(_ matrix: PrometheusMatrix, at steps: TimeSteps) {
        self.init(stepSeconds: steps.stepSeconds, end: Double(steps.end), count: steps.count)
        let parts = Dictionary(grouping: matrix.series) { $0.labels[FunctionQuery.label] ?? "" }
        func values(_ part: FunctionQuery.Part) -> Values { Self.values(parts[part.rawValue]?.first, at: steps) }
        let scraped = values(.processes)
        // The last step may end before the scrape that belongs to it.
        processes = scraped.suffix(2).compactMap(\.self).last.flatMap { Int(exactly: $0.rounded()) } ?? 0
        func known(_ values: Values) -> Values { zip(values, scraped).map { $0 ?? $1.map { _ in 0 } } }
        func labelled(_ part: FunctionQuery.Part, _ name: String, _ value: String) -> Values {
            known(Self.values(parts[part.rawValue]?.first { $0.labels[name] == value }, at: steps))
        }
        for status in StatusClass.allCases { responses[status.text] = labelled(.requests, "status", status.text) }
        for stage in Stage.allCases {
            let values = labelled(.errors, "stage", stage.rawValue)
            if values.contains(where: { ($0 ?? 0) > 0 }) { failures[stage] = values }
        }
        (p50, p95, p99) = (values(.p50), values(.p95), values(.p99))
        (inFlight, coldStarts) = (known(values(.inFlight)), known(values(.coldStarts)))
        (slots, desired, ready) = (values(.slots), values(.desired), values(.ready))
    }

    /// Returns the value of a series at each step. Values that are not numbers, such as a quantile of nothing, are not
    /// known.
    private static func values(_ series: PrometheusMatrix.Series?, at steps: TimeSteps) -> Values {
        var values = Values(repeating: nil, count: steps.count)
        for sample in series?.samples ?? [] {
            guard let index = steps.index(at: sample.time), sample.value.isFinite else { continue }
            values[index] = sample.value
        }
        return values
    }
}
