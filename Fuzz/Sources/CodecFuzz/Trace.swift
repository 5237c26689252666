/// The complete result of reading a stream with the codec. Positions count from the stream's first byte, independent of
/// the pieces in which it arrived, so that two traces can be compared.
struct Trace: Equatable {
    /// A message with an accepted head.
    struct Message: Equatable {
        var start: Int
        var headEnd: Int
        /// The position after the last byte of the message, or `nil` while the message is incomplete.
        var end: Int?
        /// The method as received; empty for a response.
        var methodText = ByteRange(0, 0)
        /// The target as received; empty for a response.
        var targetText = ByteRange(0, 0)
        /// The target in origin form; empty for a response.
        var target = ByteRange(0, 0)
        var path = ByteRange(0, 0)
        /// The status, or 0 for a request.
        var status = 0
        var minorVersion = 1
        var framing = Framing.none
        var isPersistent = false
        var isUpgrade = false
        /// True if the message asks to upgrade to any protocol, known or not.
        var asksToUpgrade = false
        var isAnswerToHead = false
        /// The indices of the message's fields in ``Trace/fields``.
        var fields = 0..<0
        /// The indices of the message's content in ``Trace/runs``.
        var runs = 0..<0
    }

    /// A field of a head.
    struct TracedField: Equatable {
        let name: ByteRange
        let value: ByteRange
        let isDropped: Bool
    }

    /// The state of the connection after the last message.
    enum Verdict: Equatable {
        /// The codec waits for more bytes.
        case open
        /// The codec rejected the next head.
        case refusedHead(HeadError)
        /// The codec rejected the content of the last message.
        case refusedContent
        /// The connection closes after the last message.
        case closed
    }

    var messages: [Message] = []
    var fields: [TracedField] = []
    /// Runs of content without framing. Adjacent runs are merged.
    var runs: [ByteRange] = []
    var cuts = Cuts()
    var verdict = Verdict.open

    /// Runs of framing that are not forwarded. They are not compared, because for rejected content they depend on the
    /// pieces in which it arrived.
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
    /// Returns the same range relative to a start that is `offset` bytes earlier.
    func moved(by offset: Int) -> ByteRange { ByteRange(lower + offset, upper + offset) }
}
