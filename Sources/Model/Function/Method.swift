extension Function {
    /// HTTP method that a function answers (`spec.method`, RFC 9110 section 9).
    public enum Method: String, Sendable, Hashable, CaseIterable, Comparable, Codable {
        /// Answers HEAD too, where no function declares HEAD itself.
        case get = "GET"
        /// Like GET without a body.
        case head = "HEAD"
        /// Not idempotent: repeated by F2S only when nothing of it was written.
        case post = "POST"
        /// Idempotent.
        case put = "PUT"
        /// Not idempotent: repeated by F2S only when nothing of it was written.
        case patch = "PATCH"
        /// Idempotent.
        case delete = "DELETE"
        /// Idempotent.
        case options = "OPTIONS"
        /// Idempotent.
        case trace = "TRACE"

        /// Accepts any letter case, because published manifests use both.
        /// - Throws: ``FieldComplaint`` when the method is unknown.
        public init(_ text: String, field: String = "spec.method") throws(FieldComplaint) {
            guard let method = Self(rawValue: text.uppercased()) else {
                let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
                throw FieldComplaint(field: field, value: text, requirement: "be one of \(known), or absent for any")
            }
            self = method
        }

        /// Alphabetical, so that an Allow header is stable.
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }
}
