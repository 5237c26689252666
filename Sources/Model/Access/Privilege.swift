/// A permission that a caller may have. The names are those of F2S 0.5.
public enum Privilege: String, Sendable, Hashable, CaseIterable, Codable {
    /// Read declarations, states and events. A failed start shows the last lines of its replica.
    case list = "functions:list"
    /// Invoke functions.
    case invoke = "functions:invoke"
    /// Declare functions.
    case create = "functions:create"
    /// Change and restart functions. The response shows the whole declaration.
    case update = "functions:update"
    /// Delete functions.
    case delete = "functions:delete"
    /// Read the lines that functions write.
    case logs = "functions:logs"
    /// Let callers without credentials invoke a function, or let a function receive the credentials of its callers.
    case expose = "functions:expose"
    /// Read the settings.
    case viewSettings = "settings:view"
    /// Change the settings.
    case updateSettings = "settings:update"

    /// True if the privilege is about functions, so that it can be granted for some of them.
    public var isAboutFunctions: Bool {
        switch self {
        case .list, .invoke, .create, .update, .delete, .logs, .expose: true
        case .viewSettings, .updateSettings: false
        }
    }
}

/// A privilege, for the functions whose names match a pattern.
public struct Grant: Sendable, Hashable, CustomStringConvertible {
    /// The privilege.
    public let privilege: Privilege
    /// The functions; ``NamePattern/any`` for a privilege that is not about functions.
    public let functions: NamePattern

    /// Creates a grant for every function.
    public init(_ privilege: Privilege) {
        self.privilege = privilege
        functions = .any
    }

    /// Reads a privilege, alone or with a pattern of function names behind `@`: `functions:invoke@team-a-*`.
    /// - Parameter field: The path of the field that holds the text, for the error.
    /// - Throws: A ``FieldError`` if the privilege is unknown, is not about functions but has a pattern, or if the
    ///   pattern is malformed.
    public init(_ text: String, field: String) throws(FieldError) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, let privilege = Privilege(rawValue: String(name)) else {
            let known = Privilege.allCases.map(\.rawValue).joined(separator: ", ")
            throw FieldError(field: field, value: text, requirement: "begin with one of \(known)")
        }
        self.privilege = privilege
        guard parts.count > 1 else {
            functions = .any
            return
        }
        guard privilege.isAboutFunctions else {
            throw FieldError(
                field: field, value: text, requirement: "have no pattern, because \(name) is not about functions")
        }
        guard let pattern = NamePattern(String(parts[1])) else {
            throw FieldError(
                field: field, value: text,
                requirement: "have a pattern of lower-case letters, digits, '-', '.' and '*' behind '@'")
        }
        // Every spelling of "all functions" is the same grant.
        functions = pattern.text.allSatisfy { $0 == "*" } ? .any : pattern
    }

    /// The grant as ``init(_:field:)`` reads it.
    public var description: String {
        functions == .any ? privilege.rawValue : "\(privilege.rawValue)@\(functions)"
    }
}
