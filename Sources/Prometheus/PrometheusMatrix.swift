import F2SModel
import FoundationEssentials

/// The series in an answer of Prometheus: a range vector, or an instant vector, whose series have one sample each.
struct PrometheusMatrix: Sendable, Hashable {
    /// A value at a time.
    struct Sample: Sendable, Hashable {
        /// The time in seconds since 1970.
        var time: Double
        /// The value. It may be infinite or not a number.
        var value: Double
    }

    /// One series.
    struct Series: Sendable, Hashable {
        /// The labels by name.
        var labels: [String: String]
        /// The samples, the oldest first.
        var samples: [Sample]
    }

    /// The maximum number of series of an answer.
    static let seriesMax = 1000

    var series: [Series]

    init(_ series: [Series] = []) { self.series = series }

    /// Reads an answer.
    /// - Parameter url: The URL for errors.
    init(_ answer: PrometheusAnswer, url: String) throws(PrometheusError) {
        let decoder = JSONDecoder()
        let content = Data(answer.content)
        guard answer.status == 200 else {
            let failure = try? decoder.decode(Failure.self, from: content)
            throw .rejected(url: url, status: answer.status, reason: failure?.error)
        }
        guard let success = try? decoder.decode(Success.self, from: content) else {
            throw .malformed(url: url, "it is not a vector in the format of Prometheus")
        }
        guard success.data.result.count <= Self.seriesMax else {
            throw .malformed(url: url, "it has \(success.data.result.count) series, and \(Self.seriesMax) are allowed")
        }
        series = success.data.result.map(\.series)
    }
}

// The format: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats
extension PrometheusMatrix {
    private struct Failure: Decodable {
        var error: String
    }

    private struct Success: Decodable {
        struct Content: Decodable {
            var result: [Entry]
        }

        var data: Content
    }

    private struct Entry: Decodable {
        private enum Key: CodingKey {
            case metric, value, values
        }

        var series: Series

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Key.self)
            let samples =
                try members.decodeIfPresent([Sample].self, forKey: .values)
                ?? [members.decode(Sample.self, forKey: .value)]
            series = Series(labels: try members.decode([String: String].self, forKey: .metric), samples: samples)
        }
    }
}

extension PrometheusMatrix.Sample: Decodable {
    /// Decodes a pair of a time and a value, which is a text, because JSON has no `NaN` and `+Inf`.
    init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        time = try pair.decode(Double.self)
        let text = try pair.decode(String.self)
        guard let value = Double(text) else {
            throw DecodingError.dataCorruptedError(in: pair, debugDescription: "not a number")
        }
        self.value = value
    }
}
