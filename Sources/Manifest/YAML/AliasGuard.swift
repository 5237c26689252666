/// Keeps a text whose aliases could expand from being composed.
///
/// A few lines of anchors and aliases can stand for billions of values ("billion laughs"), and composing them is
/// what harms. Which `*name` is an alias and which is part of a text only a YAML scanner can tell. So the scanner
/// is asked: in a copy of the text each `*` becomes a letter that nobody writes. Where that letter begins a plain
/// scalar, an alias begins in the text itself; where it does not, in quotes, scripts and comments, it changes
/// nothing. The copy cannot expand.
enum AliasGuard {
    /// The copy; `nil` when there is nothing to ask, because no star stands before what could be a name.
    static func copy(of text: String) -> String? {
        let bytes = text.utf8
        var copy: [UInt8] = []
        var isChanged = false
        copy.reserveCapacity(bytes.count)
        for index in bytes.indices {
            if bytes[index] == UInt8(ascii: "*"), let next = bytes[bytes.index(after: index)...].first, isNameByte(next)
            {
                copy += Array(String(standIn).utf8)
                isChanged = true
            } else {
                copy.append(bytes[index])
            }
        }
        return isChanged ? String(decoding: copy, as: UTF8.self) : nil
    }

    /// Whether a plain scalar of the copy is an alias in the text.
    static func isAlias(_ scalar: String) -> Bool { scalar.unicodeScalars.first == standIn }

    /// What stood in the text, for a message.
    static func original(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == standIn ? "*" : $0 }))
    }

    /// For private use, so without a meaning, and as wide as a star: one column.
    private static let standIn: UnicodeScalar = "\u{10FFFD}"

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
