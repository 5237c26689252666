/// The caller of a request, as far as F2S can identify it.
public struct Principal: Sendable, Hashable {
    /// A name for people. It is never used as a metric label.
    public let name: String
    /// The groups of the caller, in the order in which its credentials name them.
    public let groups: [String]
    /// The permissions of the caller.
    public let grants: Set<Grant>
    /// True if the caller may invoke every function. It is computed once, because each invocation asks for it.
    private let invokesAll: Bool
    /// The field lines that tell a function its caller: `X-F2S-User`, and `X-F2S-Groups` if there are groups.
    public let fieldLines: [UInt8]

    /// Creates a principal.
    public init(name: String, groups: [String] = [], grants: Set<Grant>) {
        self.name = name
        self.groups = groups
        self.grants = grants
        invokesAll = grants.contains(Grant(.invoke))
        fieldLines = Self.fieldLines(name: name, groups: groups)
    }

    /// The caller of an installation without access control: it has every privilege.
    public static let anonymous = Principal(name: "anonymous", grants: Set(Privilege.allCases.map { Grant($0) }))

    /// Returns true if the caller has the privilege for this function.
    public func may(_ privilege: Privilege, on function: String) -> Bool {
        grants.contains { $0.privilege == privilege && $0.functions.matches(function) }
    }

    /// Returns true if the caller has the privilege to invoke this function.
    func mayInvoke(_ function: FunctionName) -> Bool { invokesAll || may(.invoke, on: function.text) }

    /// Returns true if the caller has the privilege, and for every function if it is about functions.
    public func may(_ privilege: Privilege) -> Bool { grants.contains(Grant(privilege)) }

    /// Returns true if the caller has the privilege for some functions at least.
    public func maySometimes(_ privilege: Privilege) -> Bool { grants.contains { $0.privilege == privilege } }
}
