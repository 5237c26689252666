extension Function {
    /// The pages of other origins that may use a function (`spec.cors`): Cross-Origin Resource Sharing, as the Fetch
    /// standard defines it.
    public struct CORS: Sendable, Hashable {
        /// The origins, for example `https://app.example.org`; or ``anyOrigin`` alone (`origins`).
        public var origins: [String]
        /// The methods that pages may use; empty for those that the function answers (`methods`).
        public var methods: [Method] = []
        /// The request fields that pages may set; empty for all (`headers`).
        public var headers: [String] = []
        /// True if browsers send cookies and credentials, and let the page read the response (`credentials`).
        public var allowsCredentials = false

        /// The origin that means every page.
        public static let anyOrigin = "*"
        /// The largest number of origins, and of fields.
        public static let countMax = 64
        /// The maximum length of an origin and of a field's name, in bytes.
        public static let bytesMax = 253

        /// Creates a rule for these origins with the defaults.
        public init(origins: [String]) { self.origins = origins }

        /// True if every page may use the function.
        public var allowsAnyOrigin: Bool { origins == [Self.anyOrigin] }

        /// An error for each invalid value.
        var fieldErrors: [FieldError] {
            var errors: [FieldError] = []
            for (name, count, bounds) in [
                ("origins", origins.count, 1...Self.countMax), ("headers", headers.count, 0...Self.countMax),
                ("methods", methods.count, 0...Method.allCases.count),
            ] where !bounds.contains(count) {
                errors.append(
                    FieldError(
                        field: "spec.cors.\(name)", value: "\(count) values",
                        requirement: "contain \(bounds.lowerBound) to \(bounds.upperBound) values"))
            }
            errors += origins.enumerated().compactMap { index, origin in
                guard !allowsAnyOrigin, !Self.isOrigin(origin) else { return nil }
                return FieldError(
                    field: "spec.cors.origins[\(index)]", value: origin,
                    requirement:
                        "be an origin as browsers send it, such as https://app.example.org, or be the only one and *")
            }
            errors += headers.enumerated().compactMap { index, name in
                guard !Self.isFieldName(name) else { return nil }
                return FieldError(
                    field: "spec.cors.headers[\(index)]", value: name,
                    requirement: "be the name of a header field; leave out headers for all fields")
            }
            if allowsCredentials, allowsAnyOrigin {
                errors.append(
                    FieldError(
                        field: "spec.cors.credentials", value: "true",
                        requirement:
                            "be false if origins is *, because every page could use its visitors' credentials"))
            }
            return errors
        }

        /// Returns true for a scheme, a host and perhaps a port, as browsers send them in `Origin`: in lower case, and
        /// without the default port.
        private static func isOrigin(_ text: String) -> Bool {
            guard text.utf8.count <= bytesMax, let separator = text.firstRange(of: "://") else { return false }
            let (scheme, host) = (text[..<separator.lowerBound], text[separator.upperBound...])
            guard !(scheme == "https" && host.hasSuffix(":443")), !(scheme == "http" && host.hasSuffix(":80")) else {
                return false
            }
            return !scheme.isEmpty && scheme.utf8.allSatisfy { isLetterOrDigit($0) || "+-.".utf8.contains($0) }
                && !host.isEmpty && host.utf8.allSatisfy { isLetterOrDigit($0) || "-._:[]".utf8.contains($0) }
        }

        private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: false
            }
        }

        /// Returns true for a token (RFC 9110 section 5.6.2) without `*`, which would mean a field of this name.
        private static func isFieldName(_ text: String) -> Bool {
            (1...bytesMax).contains(text.utf8.count)
                && text.lowercased().utf8.allSatisfy { isLetterOrDigit($0) || "!#$%&'+-.^_`|~".utf8.contains($0) }
        }
    }
}
