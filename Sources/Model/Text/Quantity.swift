/// An amount in Kubernetes' notation: `500m`, `0.5`, `128Mi`, `1G`.
public struct Quantity: Sendable, Hashable, CustomStringConvertible {
    /// As written.
    public let text: String
    /// The amount in thousandths: of a core, or of a byte.
    public let thousandths: Int64

    /// Reads Kubernetes' `resource.Quantity` without exponents; the amount must be positive.
    /// - Throws: ``FieldComplaint`` for `field`.
    public init(_ text: String, field: String) throws(FieldComplaint) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let factor = Self.thousandthsBySuffix[String(text.dropFirst(number.count))],
            let value = Double(number), value > 0, value * Double(factor) < Double(Int64.max)
        else {
            throw FieldComplaint(
                field: field, value: text,
                requirement:
                    "be a positive amount such as 500m, 0.5, 128Mi or 1G (suffixes m, k, M, G, T, Ki, Mi, Gi, Ti)")
        }
        self.text = text
        thousandths = Int64(value * Double(factor))
    }

    /// As written.
    public var description: String { text }

    private static let thousandthsBySuffix: [String: Int64] = [
        "m": 1, "": 1000, "k": 1_000_000, "M": 1_000_000_000, "G": 1_000_000_000_000, "T": 1_000_000_000_000_000,
        "Ki": 1000 << 10, "Mi": 1000 << 20, "Gi": 1000 << 30, "Ti": 1000 << 40,
    ]
}
