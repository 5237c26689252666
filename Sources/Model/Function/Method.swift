extension Function {
    /// An HTTP method that a function answers (`spec.method`, RFC 9110 section 9).
    public enum Method: String, Sendable, Hashable, CaseIterable, Comparable, Codable {
        /// Also answers HEAD, unless a function declares HEAD itself.
        case get = "GET"
        /// Like GET without a body.
        case head = "HEAD"
        /// Not idempotent: F2S repeats it only if no byte of it was written.
        case post = "POST"
        /// Idempotent.
        case put = "PUT"
        /// Not idempotent: F2S repeats it only if no byte of it was written.
        case patch = "PATCH"
        /// Idempotent.
        case delete = "DELETE"
        /// Idempotent.
        case options = "OPTIONS"
        /// Idempotent.
        case trace = "TRACE"

        /// Creates a method. Any letter case is accepted, because published manifests use both.
        /// - Throws: ``FieldError`` if the method is unknown.
        public init(_ text: String, field: String = "spec.method") throws(FieldError) {
            guard let method = Self(rawValue: text.uppercased()) else {
                let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
                throw FieldError(field: field, value: text, requirement: "be one of \(known), or absent for any")
            }
            self = method
        }

        /// Compares alphabetically, so that an Allow header is stable.
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }
}
