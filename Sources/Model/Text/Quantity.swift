/// An amount of a resource in Kubernetes' notation: `500m`, `0.5`, `128Mi`, `1G`, `1e3`.
public struct Quantity: Sendable, Hashable, CustomStringConvertible {
    /// The amount as it was written.
    public let text: String
    /// The amount in thousandths of a core or of a byte. Smaller fractions are cut off.
    public let thousandths: Int128

    /// Parses Kubernetes' `resource.Quantity`, without the suffixes `n` and `u`. The amount must be positive.
    /// - Throws: ``FieldError`` for `field`.
    public init(_ text: String, field: String) throws(FieldError) {
        guard let thousandths = Self.thousandths(of: text) else {
            throw FieldError(
                field: field, value: text,
                requirement:
                    "be a positive amount such as 500m, 0.5, 128Mi, 1G or 1e3 (suffixes m, k, M, G, T, P, E, Ki, Mi, "
                    + "Gi, Ti, Pi, Ei)")
        }
        self.text = text
        self.thousandths = thousandths
    }

    /// The amount as it was written.
    public var description: String { text }

    /// The maximum number of digits. Longer numbers exceed every amount or are finer than every fraction.
    private static let digitsMax = 24

    /// A bound far above every amount, and far enough below the largest integer.
    private static let ceiling = Int128(Int64.max) * Int128(Int64.max) / 1000

    private static func thousandths(of text: String) -> Int128? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        let digits = parts.joined()
        guard parts.count <= 2, !digits.isEmpty, digits.utf8.count <= digitsMax, let value = Int128(digits), value > 0,
            let factor = factor(of: text.dropFirst(number.count))
        else { return nil }
        var (amount, isTooLarge) = value.multipliedReportingOverflow(by: factor.multiple)
        guard !isTooLarge, amount < ceiling else { return nil }
        let shift = factor.exponent - (parts.count == 2 ? parts[1].utf8.count : 0)
        for _ in 0..<abs(shift) {
            amount = shift > 0 ? amount * 10 : amount / 10
            guard amount < ceiling else { return nil }
        }
        // The largest amount in Kubernetes is 2^63 - 1 cores or bytes.
        return amount <= Int128(Int64.max) * 1000 ? amount : nil
    }

    /// Returns the factor of a suffix: a multiple and a power of ten.
    private static func factor(of suffix: Substring) -> (multiple: Int128, exponent: Int)? {
        if let known = multiples[String(suffix)] { return (known, 0) }
        if let exponent = exponents[String(suffix)] { return (1, exponent) }
        guard let mark = suffix.first, mark == "e" || mark == "E" else { return nil }
        let digits = suffix.dropFirst().first == "+" ? suffix.dropFirst(2) : suffix.dropFirst()
        guard digits.utf8.count <= 3, digits.drop(while: { $0 == "-" }).allSatisfy({ $0.isASCII && $0.isNumber }),
            let exponent = Int(digits), abs(exponent) <= 18
        else { return nil }
        return (1, exponent + 3)
    }

    private static let multiples: [String: Int128] = [
        "Ki": 1000 << 10, "Mi": 1000 << 20, "Gi": 1000 << 30, "Ti": 1000 << 40, "Pi": 1000 << 50, "Ei": 1000 << 60,
    ]
    private static let exponents = ["m": 0, "": 3, "k": 6, "M": 9, "G": 12, "T": 15, "P": 18, "E": 21]
}
