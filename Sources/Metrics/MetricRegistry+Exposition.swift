extension MetricRegistry {
    /// Media type of ``exposition()``.
    public static let expositionMediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// Every metric in Prometheus' text format 0.0.4, sorted by name and labels, so that two scrapes can be compared.
    public func exposition() -> String {
        var text = ""
        for (name, family) in currentFamilies() {
            let lines = Self.lines(of: family, named: name)
            guard !lines.isEmpty else { continue }
            text += "# HELP \(name) \(family.help.escapedHelp)\n# TYPE \(name) \(family.kind.rawValue)\n"
            text += lines
        }
        return text
    }

    private static func lines(of family: Family, named name: String) -> String {
        var rendered: [String: String] = [:]
        for (labels, instrument) in family.series {
            rendered[labels] =
                switch instrument {
                case .counter(let counter): line(name, labels, "\(counter.value)")
                case .gauge(let gauge): line(name, labels, gauge.value.metricText)
                case .histogram(let histogram): lines(of: histogram.reading, name, labels)
                }
        }
        func render(_ pairs: [(String, String)], _ lines: (String) -> String) {
            let labels = LabelSet(pairs)
            guard labels.complaint == nil, rendered[labels.text] == nil else { return }
            rendered[labels.text] = lines(labels.text)
        }
        for reader in family.readers {
            switch reader {
            case .samples(let read):
                for sample in read() { render(sample.labels) { line(name, $0, sample.value.metricText) } }
            case .histograms(let read):
                for sample in read() where sample.reading.bounds == family.bounds {
                    render(sample.labels) { lines(of: sample.reading, name, $0) }
                }
            }
        }
        return rendered.sorted { $0.key < $1.key }.map(\.value).joined()
    }

    private static func lines(of reading: Histogram.Reading, _ name: String, _ labels: String) -> String {
        let prefix = labels.isEmpty ? "" : labels + ","
        var text = ""
        var total: UInt64 = 0
        for (index, count) in reading.counts.enumerated() {
            total &+= count
            let bound = index < reading.seconds.count ? reading.seconds[index].metricText : "+Inf"
            text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(total)\n"
        }
        text += line("\(name)_sum", labels, (Double(reading.sumNanoseconds) / 1e9).metricText)
        text += line("\(name)_count", labels, "\(total)")
        return text
    }

    private static func line(_ name: String, _ labels: String, _ value: String) -> String {
        labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }
}

extension Double {
    /// The form that Go's `ParseFloat` reads, whole numbers without a point.
    var metricText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Inf" : "+Inf" }
        if self == rounded(), magnitude < 0x1p53 { return "\(Int64(self))" }
        return "\(self)"
    }
}
