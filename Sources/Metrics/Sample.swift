/// The kind of a metric that is read at scrape time.
public enum MetricKind: String, Sendable, Hashable, CaseIterable {
    /// A number that only grows.
    case counter
    /// A number that rises and falls.
    case gauge
}

/// A value that was read at scrape time.
public struct Sample: Sendable {
    /// The names and values of the labels, in any order.
    public let labels: [(String, String)]
    /// The value in the metric's base unit.
    public let value: Double

    /// Creates a sample. A metric can have only one sample without labels.
    public init(_ value: Double, labels: [(String, String)] = []) {
        self.labels = labels
        self.value = value
    }
}

/// A histogram that was read at scrape time.
public struct HistogramSample: Sendable {
    /// The names and values of the labels, in any order.
    public let labels: [(String, String)]
    /// The contents of the histogram.
    public let reading: Histogram.Reading

    /// Creates a sample. A metric can have only one sample without labels.
    public init(_ reading: Histogram.Reading, labels: [(String, String)] = []) {
        self.labels = labels
        self.reading = reading
    }
}
