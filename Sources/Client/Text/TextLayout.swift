import F2SModel

/// How text for people is laid out: for a terminal of some width, with colours or without.
public struct TextLayout: Sendable, Hashable {
    /// Columns of the terminal; `nil`: lines may be as long as they like, as in a file.
    public var width: Int?
    /// Whether to colour what matters (ECMA-48 SGR).
    public var isColoured: Bool

    /// For a file or another program: nothing is cut, nothing is coloured.
    public static let plain = TextLayout(width: nil, isColoured: false)

    /// A layout.
    public init(width: Int?, isColoured: Bool) {
        self.width = width
        self.isColoured = isColoured
    }

    /// The text in a style.
    func styled(_ text: String, _ style: TextStyle) -> String {
        guard isColoured, let code = style.code, !text.isEmpty else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}

/// What a text means to its reader.
enum TextStyle: Sendable, Hashable {
    /// Nothing in particular.
    case plain
    /// A title.
    case title
    /// All is well.
    case good
    /// Somebody should look.
    case warning
    /// Something does not work.
    case bad

    /// Parameter of the SGR control sequence.
    fileprivate var code: Int? {
        switch self {
        case .plain: nil
        case .title: 1
        case .good: 32
        case .warning: 33
        case .bad: 31
        }
    }
}

extension String {
    /// The text on one line: line ends and tabs become spaces, other control characters become visible escapes.
    var oneLine: String {
        String(map { $0.isNewline || $0 == "\t" ? " " : $0 }).printable
    }

    /// Columns that the text takes on a terminal.
    var columns: Int { reduce(0) { $0 + $1.columns } }

    /// The longest beginning of at most so many columns; where something is left out, `…` is its end.
    func cut(toColumns columnsMax: Int) -> String {
        guard columns > columnsMax, columnsMax > 0 else { return self }
        var text = ""
        var free = columnsMax - 1
        for character in self {
            free -= character.columns
            guard free >= 0 else { break }
            text.append(character)
        }
        return text + "…"
    }
}

extension Character {
    /// Columns that it takes on a terminal: two for the wide ones of East Asia and for pictures, else one.
    var columns: Int {
        guard let first = unicodeScalars.first, first.value >= 0x1100 else { return 1 }
        if first.properties.isEmojiPresentation || unicodeScalars.contains("\u{FE0F}") { return 2 }
        return Self.wide.contains { $0.contains(first.value) } ? 2 : 1
    }

    /// Unicode Standard Annex 11, in blocks.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD,
    ]
}
