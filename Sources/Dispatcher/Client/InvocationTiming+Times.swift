import F2SModel

extension InvocationTiming {
    /// Creates the timing of a response whose head has arrived.
    init(_ times: ExchangeTimes) {
        self.init(
            queue: .microseconds(Int64(clamping: times.queueMicroseconds)),
            start: .microseconds(Int64(clamping: times.startMicroseconds)),
            function: .microseconds(Int64(clamping: times.functionMicroseconds)), isCold: times.isCold)
    }

    /// Returns the timing of a response from another F2S process, and removes the field that contains it. That process
    /// adds its field behind those of the function, so a function cannot replace it.
    static func remove(from fields: inout [InvocationField]) -> InvocationTiming? {
        guard let index = fields.lastIndex(where: { $0.name.lowercased() == "server-timing" }),
            let timing = InvocationTiming(serverTiming: fields[index].value)
        else { return nil }
        fields.remove(at: index)
        return timing
    }

    /// Reads a value that ``HeadComposer/serverTiming(queue:start:function:into:)`` has written; `nil` for any other.
    init?(serverTiming value: String) {
        let names = ["queue", "start", "function"]
        let metrics = value.split(separator: ",", omittingEmptySubsequences: false)
        guard metrics.count == names.count else { return nil }
        var durations: [Duration] = []
        for (name, metric) in zip(names, metrics) {
            let text = metric.drop { $0 == " " }
            let prefix = "\(name);dur="
            guard text.hasPrefix(prefix), let milliseconds = Double(text.dropFirst(prefix.count)),
                (0..<1e12).contains(milliseconds)
            else { return nil }
            durations.append(.microseconds(Int64((milliseconds * 1000).rounded())))
        }
        self.init(queue: durations[0], start: durations[1], function: durations[2], isCold: durations[1] > .zero)
    }
}
