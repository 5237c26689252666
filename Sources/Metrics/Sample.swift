/// What a metric that is read at scrape time is.
public enum MetricKind: String, Sendable, Hashable, CaseIterable {
    /// Only grows.
    case counter
    /// Rises and falls.
    case gauge
}

/// One value that was read at scrape time.
public struct Sample: Sendable {
    /// Names and values; the order does not matter.
    public let labels: [(String, String)]
    /// The value in the metric's base unit.
    public let value: Double

    /// A sample; without labels there can be only one per metric.
    public init(_ value: Double, labels: [(String, String)] = []) {
        self.labels = labels
        self.value = value
    }
}

/// One histogram that was read at scrape time.
public struct HistogramSample: Sendable {
    /// Names and values; the order does not matter.
    public let labels: [(String, String)]
    /// Its contents.
    public let reading: Histogram.Reading

    /// A sample; without labels there can be only one per metric.
    public init(_ reading: Histogram.Reading, labels: [(String, String)] = []) {
        self.labels = labels
        self.reading = reading
    }
}
