/// All that the codec made of a stream of bytes. Positions count from the stream's first byte, whatever the pieces in
/// which it arrived, so that two traces can be compared.
struct Trace: Equatable {
    /// One message whose head was accepted.
    struct Message: Equatable {
        var start: Int
        var headEnd: Int
        /// The first byte behind the message; `nil` while it is not complete.
        var end: Int?
        /// The method as it was written; empty for a response.
        var methodText = ByteRange(0, 0)
        /// The target as it was written; empty for a response.
        var targetText = ByteRange(0, 0)
        /// The target in origin form; empty for a response.
        var target = ByteRange(0, 0)
        var path = ByteRange(0, 0)
        /// 0 for a request.
        var status = 0
        var minorVersion = 1
        var framing = Framing.none
        var isPersistent = false
        var isUpgrade = false
        /// Whether it asks for any protocol, known or not.
        var asksToUpgrade = false
        var isAnswerToHead = false
        /// Its fields among the trace's.
        var fields = 0..<0
        /// Its content among the trace's runs.
        var runs = 0..<0
    }

    /// One field of a head.
    struct TracedField: Equatable {
        let name: ByteRange
        let value: ByteRange
        let isDropped: Bool
    }

    /// How it went on after the last message.
    enum Verdict: Equatable {
        /// More bytes are waited for.
        case open
        /// The head that followed was refused.
        case refusedHead(HeadError)
        /// The last message's content was refused.
        case refusedContent
        /// The last message was the last one of its connection.
        case closed
    }

    var messages: [Message] = []
    var fields: [TracedField] = []
    /// Runs of content without its framing; those that touch are one.
    var runs: [ByteRange] = []
    var cuts = Cuts()
    var verdict = Verdict.open

    /// Runs of framing that are not passed on. Where content is refused, they depend on the pieces in which it arrived.
    struct Cuts: Equatable {
        var ranges: [ByteRange] = []

        static func == (_: Cuts, _: Cuts) -> Bool { true }
    }

    mutating func clear() {
        cuts.ranges.removeAll(keepingCapacity: true)
        messages.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        runs.removeAll(keepingCapacity: true)
        verdict = .open
    }

    /// Adds content of the last message.
    mutating func addRun(_ run: ByteRange) {
        guard !run.isEmpty, let message = messages.indices.last else { return }
        if !messages[message].runs.isEmpty, let last = runs.indices.last, runs[last].end == run.start {
            runs[last].end = run.end
        } else {
            runs.append(run)
            messages[message].runs = messages[message].runs.lowerBound..<runs.count
        }
    }
}

extension ByteRange {
    /// The range as it stands in bytes that begin `offset` earlier.
    func moved(by offset: Int) -> ByteRange { ByteRange(lower + offset, upper + offset) }
}
