import CLibYAML

/// Reads a text as the events of libyaml. No tree is composed, so the cost is proportional to the length of the text.
final class YAMLEvents {
    /// One event of a document.
    struct Event {
        /// The kind of an event.
        enum Kind {
            case scalar(String, isPlain: Bool)
            case alias
            case listStart, listEnd, mapStart, mapEnd
            case documentStart, documentEnd, streamStart, streamEnd
        }

        let kind: Kind
        /// True if the value has an anchor.
        let hasAnchor: Bool
        /// Its full tag; `nil` if none was written.
        let tag: String?
        /// The position of its first character.
        let position: YAMLPosition
    }

    /// The parser contains pointers into itself, so it must not move.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: [UInt8]
    /// The line of the whole text that is line 1 of this one.
    private let firstLine: Int
    private let isReady: Bool

    /// Creates a reader of a text in UTF-8.
    init(_ bytes: ArraySlice<UInt8>, firstLine: Int) {
        text = Array(bytes)
        self.firstLine = firstLine
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        isReady = yaml_parser_initialize(parser) == 1
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// Calls `body` with a function that returns the next event. It may be called until `body` returns.
    func read<Value>(
        _ body: (() throws(YAMLError) -> Event) throws(YAMLError) -> Value
    ) throws(YAMLError) -> Value {
        try text.withUnsafeBufferPointer { bytes throws(YAMLError) in
            yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
            return try body { () throws(YAMLError) in try self.next() }
        }
    }

    private func next() throws(YAMLError) -> Event {
        var event = yaml_event_t()
        // If it runs out of memory, the parser reports an event of type `YAML_NO_EVENT`.
        guard isReady, yaml_parser_parse(parser, &event) == 1, event.type != YAML_NO_EVENT else { throw error }
        defer { yaml_event_delete(&event) }
        let (anchor, tag) = Self.names(of: event)
        return Event(
            kind: Self.kind(of: event), hasAnchor: anchor != nil, tag: tag.map { String(cString: $0) },
            position: position(event.start_mark))
    }

    private static func kind(of event: yaml_event_t) -> Event.Kind {
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
        case YAML_ALIAS_EVENT: return .alias
        case YAML_SEQUENCE_START_EVENT: return .listStart
        case YAML_SEQUENCE_END_EVENT: return .listEnd
        case YAML_MAPPING_START_EVENT: return .mapStart
        case YAML_MAPPING_END_EVENT: return .mapEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_STREAM_START_EVENT: return .streamStart
        default: return .streamEnd
        }
    }

    private static func names(
        of event: yaml_event_t
    ) -> (anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?) {
        switch event.type {
        case YAML_SCALAR_EVENT: (event.data.scalar.anchor, event.data.scalar.tag)
        case YAML_SEQUENCE_START_EVENT: (event.data.sequence_start.anchor, event.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT: (event.data.mapping_start.anchor, event.data.mapping_start.tag)
        default: (nil, nil)
        }
    }

    private func position(_ mark: yaml_mark_t) -> YAMLPosition {
        YAMLPosition(line: mark.line + firstLine, column: mark.column + 1)
    }

    /// Returns true if the character at `mark` is a tab. It is used for a hint only: a tab after non-ASCII characters
    /// may be missed.
    private func isTab(at mark: yaml_mark_t) -> Bool {
        let lines = text.split(separator: UInt8(ascii: "\n"), maxSplits: mark.line, omittingEmptySubsequences: false)
        guard lines.indices.contains(mark.line) else { return false }
        return lines[mark.line].dropFirst(mark.column).first == UInt8(ascii: "\t")
    }

    /// The error of libyaml as one sentence.
    private var error: YAMLError {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "it cannot be read"
        switch state.error {
        case _ where !isReady, YAML_MEMORY_ERROR:
            return YAMLError("The text cannot be read now: F2S is out of memory. Try again.", at: nil)
        case YAML_READER_ERROR:
            let before = text.prefix(state.problem_offset)
            let start = YAMLPosition(of: before.count, in: before)
            return YAMLError(
                "The text is not valid YAML: \(problem).",
                at: YAMLPosition(line: start.line + firstLine - 1, column: start.column))
        default:
            let within = state.context.map { " " + String(cString: $0) } ?? ""
            let hint = isTab(at: state.problem_mark) ? ": there is a tab here, but YAML is indented with spaces" : ""
            return YAMLError(
                "The text is not valid YAML: \(problem)\(within)\(hint).", at: position(state.problem_mark))
        }
    }
}
