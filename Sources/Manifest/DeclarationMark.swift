/// A cheap check if a text can contain declarations of functions.
enum DeclarationMark {
    /// The API group of F2S, in lower case.
    static let group = "f2s.opensight.ch"

    private static let groupBytes = Array(group.utf8)
    private static let kindBytes = Array("kind".utf8)
    private static let functionBytes = Array("function".utf8)

    /// Returns true if the text contains the API group, or a field `kind` whose value begins with `Function`, in any
    /// letter case.
    static func isIn(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { text in
            text.indices.contains { index in
                switch text[index] | 0x20 {
                case UInt8(ascii: "f"): stands(groupBytes, at: index, in: text)
                case UInt8(ascii: "k"): stands(kindBytes, at: index, in: text) && hasValue(at: index + 4, in: text)
                default: false
                }
            }
        }
    }

    /// Returns true if the text contains `word` at a position, in any letter case.
    private static func stands(_ word: [UInt8], at start: Int, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard start + word.count <= text.count else { return false }
        return word.indices.allSatisfy { text[start + $0] | 0x20 == word[$0] | 0x20 }
    }

    /// Returns true if one colon and the value `Function` follow, with any spaces and quotes in between.
    private static func hasValue(at start: Int, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = start
        var colons = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: ":"): colons += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"), UInt8(ascii: "\""),
                UInt8(ascii: "'"):
                break
            default: return colons == 1 && stands(functionBytes, at: index, in: text)
            }
            index += 1
        }
        return false
    }
}
