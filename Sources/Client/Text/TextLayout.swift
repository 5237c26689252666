import F2SModel

/// The layout of text for people: the width of the terminal, and with colours or without.
public struct TextLayout: Sendable, Hashable {
    /// The number of columns of the terminal; `nil`: no limit, as in a file.
    public var width: Int?
    /// True to highlight text with colours (ECMA-48 SGR).
    public var isColoured: Bool

    /// The layout for a file or another program: nothing is cut, nothing is coloured.
    public static let plain = TextLayout(width: nil, isColoured: false)

    /// Creates a layout.
    public init(width: Int?, isColoured: Bool) {
        self.width = width
        self.isColoured = isColoured
    }

    /// Returns the text in a style.
    func styled(_ text: String, _ style: TextStyle) -> String {
        guard isColoured, let code = style.code, !text.isEmpty else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}

/// The meaning of a text, which selects its colour.
enum TextStyle: Sendable, Hashable {
    /// Ordinary text.
    case plain
    /// A title.
    case title
    /// The state is as it should be.
    case good
    /// The user should check this.
    case warning
    /// A failure.
    case bad

    /// The parameter of the SGR control sequence.
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

    /// The number of columns of the text on a terminal.
    var columns: Int { reduce(0) { $0 + $1.columns } }

    /// Returns the longest prefix of at most `columnsMax` columns. A shortened text ends in `…`.
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
    /// The number of columns on a terminal: two for wide East Asian characters and emoji, else one.
    var columns: Int {
        guard let first = unicodeScalars.first, first.value >= 0x1100 else { return 1 }
        if first.properties.isEmojiPresentation || unicodeScalars.contains("\u{FE0F}") { return 2 }
        return Self.wide.contains { $0.contains(first.value) } ? 2 : 1
    }

    /// The wide characters (Unicode Standard Annex 11), by blocks.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD,
    ]
}
