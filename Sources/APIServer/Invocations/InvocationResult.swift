import F2SModel
import FoundationEssentials

/// The result of an invocation through the API: the function's response as far as it has arrived, and the error of F2S
/// if there was one. Pure: it receives the parts of the response, and decides how much of them is kept and read.
struct InvocationResult: Sendable {
    /// The bytes of content that are kept.
    static let keptBytesMax = 256 * 1024
    /// The bytes of content that are read. Then the invocation is ended.
    static let readBytesMax = 16 * 1024 * 1024

    /// The status of the response; `nil` if none has begun.
    private(set) var status: Int?
    private(set) var fields: [InvocationField] = []
    private(set) var timing: InvocationTiming?
    private(set) var replica: Replica.ID?
    /// The first bytes of the content.
    private(set) var content: [UInt8] = []
    /// The number of bytes of content that have arrived.
    private(set) var contentBytes = 0
    private var isComplete = false
    /// The error of F2S; `nil` if there was none.
    private(set) var problem: Problem?
    /// The seconds from the beginning of the invocation to the end of its response.
    private(set) var seconds = 0.0

    /// The head of the response has arrived.
    mutating func begin(_ response: InvocationResponse) {
        status = response.status
        fields = response.fields
        timing = response.timing
        replica = response.replica
    }

    /// Content has arrived.
    /// - Returns: False if no more content may be read.
    mutating func receive(_ part: [UInt8]) -> Bool {
        contentBytes += part.count
        content += part.prefix(Self.keptBytesMax - content.count)
        return contentBytes < Self.readBytesMax
    }

    /// The whole content has arrived.
    mutating func complete() { isComplete = true }

    /// The invocation has ended.
    mutating func end(after duration: Duration, _ problem: Problem? = nil) {
        seconds = (duration.inSeconds * 1e6).rounded() / 1e6
        self.problem = problem
    }

    /// True if content is missing because F2S has cut it, and not because of an error.
    var isTruncated: Bool { content.count < contentBytes || !isComplete && problem == nil }

    /// The content as text; `nil` if it is not UTF-8. A character that the cut has divided is left out.
    var text: String? {
        let whole = isTruncated ? Self.wholeCharacters(content) : content[...]
        return String(validating: whole, as: UTF8.self)
    }

    /// Returns the content without the bytes of an incomplete character at its end.
    private static func wholeCharacters(_ content: [UInt8]) -> ArraySlice<UInt8> {
        // A character has at most four bytes, and only its first one is not of the form 10xxxxxx.
        guard let start = content.suffix(4).lastIndex(where: { $0 & 0xC0 != 0x80 }) else { return content[...] }
        let length =
            switch content[start] {
            case 0xC0..<0xE0: 2
            case 0xE0..<0xF0: 3
            case 0xF0...: 4
            default: 1
            }
        return content.count - start < length ? content[..<start] : content[...]
    }
}

extension InvocationResult: Encodable {
    private enum Key: String, CodingKey {
        case status, headers, body, bodyEncoding, bodyBytes, isTruncated, seconds, timing, wasColdStart, replica
        case problem
    }

    private enum TimingKey: String, CodingKey {
        case queue, start, function
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        // The status of the error is the one that a client of HTTP would get.
        try container.encode(status ?? problem?.status ?? Problem.unexpected.status, forKey: .status)
        try container.encode(fields.map { [$0.name, $0.value] }, forKey: .headers)
        let text = text
        try container.encode(text ?? Data(content).base64EncodedString(), forKey: .body)
        try container.encode(text == nil ? "base64" : "text", forKey: .bodyEncoding)
        try container.encode(contentBytes, forKey: .bodyBytes)
        try container.encode(isTruncated, forKey: .isTruncated)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(timing?.isCold ?? false, forKey: .wasColdStart)
        try container.encodeIfPresent(replica?.text, forKey: .replica)
        try container.encode(problem.map { ProblemView(problem: $0) }, forKey: .problem)
        var times = container.nestedContainer(keyedBy: TimingKey.self, forKey: .timing)
        guard let timing else { return }
        try times.encode(timing.queue.inSeconds, forKey: .queue)
        try times.encode(timing.start.inSeconds, forKey: .start)
        try times.encode(timing.function.inSeconds, forKey: .function)
    }
}

/// A problem document within another JSON document.
struct ProblemView: Encodable {
    let problem: Problem

    private enum Key: String, CodingKey {
        case title, status, detail, stage, reason, function, exitStatus, logTail, errors
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(problem.title, forKey: .title)
        try container.encode(problem.status, forKey: .status)
        try container.encode(problem.detail, forKey: .detail)
        try container.encodeIfPresent(problem.stage, forKey: .stage)
        try container.encodeIfPresent(problem.reason, forKey: .reason)
        try container.encodeIfPresent(problem.function?.text, forKey: .function)
        try container.encodeIfPresent(problem.exitStatus, forKey: .exitStatus)
        if !problem.logTail.isEmpty { try container.encode(problem.logTail, forKey: .logTail) }
        if !problem.errors.isEmpty { try container.encode(problem.errors, forKey: .errors) }
    }
}
