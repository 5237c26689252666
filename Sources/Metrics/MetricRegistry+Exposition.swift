extension MetricRegistry {
    /// The media type of ``exposition()``.
    public static let expositionMediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// The value of one series.
    private enum Shown {
        case number(String)
        case histogram(Histogram.Reading)
    }

    /// Returns all metrics in Prometheus' text format 0.0.4, sorted by name and labels, so that two scrapes can be
    /// compared.
    ///
    /// The lines are appended to one text. Thousands of functions have tens of thousands of lines, and a separate text
    /// for each would fragment the heap at every scrape.
    public func exposition() -> String {
        let families = currentFamilies()
        var early: [String: String] = [:]
        for (name, family) in families where family.isReadFirst {
            Self.write(family, named: name, to: &early[name, default: ""])
        }
        var text = ""
        for (name, family) in families {
            if let part = early[name] { text += part } else { Self.write(family, named: name, to: &text) }
        }
        return text
    }

    private static func write(_ family: Family, named name: String, to text: inout String) {
        let series = series(of: family)
        guard !series.isEmpty else { return }
        text += "# HELP \(name) \(family.help.escapedHelp)\n# TYPE \(name) \(family.kind.rawValue)\n"
        for (labels, shown) in series {
            switch shown {
            case .number(let value): writeLine(name, labels, value, to: &text)
            case .histogram(let reading): write(reading, named: name, labels, to: &text)
            }
        }
    }

    /// Returns the series of a family, sorted by labels. If several have the same labels, the instrument wins, then the
    /// first reader.
    private static func series(of family: Family) -> [(key: String, value: Shown)] {
        var series: [String: Shown] = [:]
        for (labels, instrument) in family.series {
            series[labels] =
                switch instrument {
                case .counter(let counter): .number("\(counter.value)")
                case .gauge(let gauge): .number(gauge.value.metricText)
                case .histogram(let histogram): .histogram(histogram.reading)
                }
        }
        func add(_ pairs: [(String, String)], _ shown: Shown) {
            let labels = LabelSet(pairs)
            guard labels.problem == nil, series[labels.text] == nil else { return }
            series[labels.text] = shown
        }
        for reader in family.readers {
            switch reader {
            case .samples(let read):
                for sample in read() { add(sample.labels, .number(sample.value.metricText)) }
            case .histograms(let read):
                for sample in read() where sample.reading.bounds == family.bounds {
                    add(sample.labels, .histogram(sample.reading))
                }
            }
        }
        return series.sorted { $0.key < $1.key }
    }

    private static func write(
        _ reading: Histogram.Reading, named name: String, _ labels: String, to text: inout String
    ) {
        var total: UInt64 = 0
        for (index, count) in reading.counts.enumerated() {
            total &+= count
            let bound = index < reading.seconds.count ? reading.seconds[index].metricText : "+Inf"
            text += name
            text += "_bucket{"
            text += labels
            text += labels.isEmpty ? "le=\"" : ",le=\""
            text += bound
            text += "\"} \(total)\n"
        }
        writeLine("\(name)_sum", labels, (Double(reading.sumNanoseconds) / 1e9).metricText, to: &text)
        writeLine("\(name)_count", labels, "\(total)", to: &text)
    }

    private static func writeLine(_ name: String, _ labels: String, _ value: String, to text: inout String) {
        text += name
        if !labels.isEmpty {
            text += "{"
            text += labels
            text += "}"
        }
        text += " "
        text += value
        text += "\n"
    }
}

extension Double {
    /// The number in the form that Go's `ParseFloat` reads. Whole numbers have no decimal point.
    var metricText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Inf" : "+Inf" }
        if self == rounded(), magnitude < 0x1p53 { return "\(Int64(self))" }
        return "\(self)"
    }
}
