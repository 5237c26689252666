extension Function {
    /// The callers that may invoke a function (`spec.access`). It has an effect only if callers are authenticated.
    public enum Access: Sendable, Hashable {
        /// Every caller, without credentials.
        case everybody
        /// Callers with the privilege ``Privilege/invoke`` for the function.
        case authenticated
        /// Callers with the privilege ``Privilege/invoke`` for the function that belong to one of these groups.
        case groups([String])

        /// True if every caller may invoke the function.
        public var isPublic: Bool { if case .everybody = self { true } else { false } }

        /// The largest number of groups.
        public static let groupsMax = 64
        /// The maximum length of a group's name, in bytes.
        public static let groupBytesMax = 253

        /// Returns true if an authenticated caller may invoke the function.
        public func admits(_ principal: Principal, to function: FunctionName) -> Bool {
            switch self {
            case .everybody: true
            case .authenticated: principal.mayInvoke(function)
            case .groups(let groups):
                principal.mayInvoke(function)
                    && groups.contains { group in principal.groups.contains { $0.hasSameBytes(as: group) } }
            }
        }

        /// An error for each invalid value.
        var fieldErrors: [FieldError] {
            guard case .groups(let groups) = self else { return [] }
            guard (1...Self.groupsMax).contains(groups.count) else {
                return [
                    FieldError(
                        field: "spec.access.groups", value: "\(groups.count) groups",
                        requirement: "contain 1 to \(Self.groupsMax) groups")
                ]
            }
            return groups.enumerated().compactMap { index, group in
                guard group.isEmpty || group.utf8.count > Self.groupBytesMax else { return nil }
                return FieldError(
                    field: "spec.access.groups[\(index)]", value: group,
                    requirement: "have 1 to \(Self.groupBytesMax) bytes")
            }
        }
    }
}
