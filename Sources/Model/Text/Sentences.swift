extension String {
    /// The text with a punctuation mark at its end, so that another sentence can follow.
    public var sentence: String { hasSuffix(".") || hasSuffix("?") || hasSuffix("!") ? self : self + "." }
}

extension Collection<String> {
    /// All texts in one line, `a; b; c`. Only the last may end with a full stop.
    public var joinedClauses: String {
        enumerated().map { index, text in
            index < count - 1 && text.hasSuffix(".") ? String(text.dropLast()) : text
        }.joined(separator: "; ")
    }
}
