/// The hash of a password, from which the password cannot be computed: scrypt (RFC 7914) with a random salt.
///
/// Its text is `$scrypt$ln=15,r=8,p=1$SALT$HASH`, the format of other tools, with unpadded Base64.
public struct PasswordHash: Sendable, Hashable, CustomStringConvertible {
    /// The costs of a hash, which decide how long its computation takes.
    public struct Costs: Sendable, Hashable {
        /// The logarithm of the CPU and memory cost to the base 2, 10…18.
        public let logarithm: UInt64
        /// The block size, 1…8.
        public let blocks: UInt64
        /// The parallelization, 1…4.
        public let lanes: UInt64

        /// The costs of new hashes: 32 MiB, and about a tenth of a second.
        public static let recommended = Costs(logarithm: 15, blocks: 8, lanes: 1)

        /// Creates costs.
        public init(logarithm: UInt64, blocks: UInt64, lanes: UInt64) {
            self.logarithm = logarithm
            self.blocks = blocks
            self.lanes = lanes
        }
    }

    /// The costs.
    public let costs: Costs
    /// The salt, in Base64 without padding.
    public let salt: String
    /// The derived key, in Base64 without padding.
    public let key: String

    private static let prefix = "$scrypt$"
    /// The bounds of the costs. A check takes at most 256 MiB.
    private static let allowed: [(name: String, values: ClosedRange<UInt64>)] = [
        ("ln=", 10...18), ("r=", 1...8), ("p=", 1...4),
    ]
    /// The bounds of the lengths of salt and key in Base64: 8…64 and 16…64 bytes.
    private static let saltLengths = 11...86
    private static let keyLengths = 22...86

    /// Creates a hash of its parts.
    public init(costs: Costs, salt: String, key: String) {
        self.costs = costs
        self.salt = salt
        self.key = key
    }

    /// Reads a hash; `nil` if the text is not one, or if its check would take too long.
    public init?(_ text: String) {
        guard Self.isMeant(by: text) else { return nil }
        let parts = text.dropFirst(Self.prefix.count).split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 3, let costs = Self.costs(parts[0]), Self.isBase64(parts[1], Self.saltLengths),
            Self.isBase64(parts[2], Self.keyLengths)
        else { return nil }
        self.init(costs: costs, salt: String(parts[1]), key: String(parts[2]))
    }

    /// Returns true if a text is meant to be a hash, and not a password.
    public static func isMeant(by text: String) -> Bool { text.hasPrefix(prefix) }

    /// The text that ``init(_:)`` reads.
    public var description: String {
        "\(Self.prefix)ln=\(costs.logarithm),r=\(costs.blocks),p=\(costs.lanes)$\(salt)$\(key)"
    }

    private static func costs(_ text: Substring) -> Costs? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == allowed.count else { return nil }
        var values: [UInt64] = []
        for (part, (name, range)) in zip(parts, allowed) {
            guard part.hasPrefix(name), let value = UInt64(part.dropFirst(name.count)), range.contains(value) else {
                return nil
            }
            values.append(value)
        }
        // The algorithm demands this (RFC 7914 section 2).
        guard values[0] < 16 * values[1] else { return nil }
        return Costs(logarithm: values[0], blocks: values[1], lanes: values[2])
    }

    private static func isBase64(_ text: Substring, _ lengths: ClosedRange<Int>) -> Bool {
        // One digit alone stands for no byte.
        lengths.contains(text.utf8.count) && text.utf8.count % 4 != 1
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }
}
