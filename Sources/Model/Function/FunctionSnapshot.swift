/// Every function at one moment, with what could not be read.
public struct FunctionSnapshot: Sendable, Hashable {
    /// The functions, oldest first.
    public private(set) var functions: [Function]
    /// Declarations that were refused; the others are not affected.
    public let refusals: [Refusal]

    /// Sorts by age.
    public init(functions: [Function] = [], refusals: [Refusal] = []) {
        self.functions = functions.sorted { $0.age < $1.age }
        self.refusals = refusals
    }

    /// Replaces the status of one function; `false`: there is no such function, or its status is this one already.
    public mutating func setStatus(_ status: FunctionStatus, of id: Function.ID) -> Bool {
        guard let index = functions.firstIndex(where: { $0.id == id }), functions[index].status != status else {
            return false
        }
        functions[index].status = status
        return true
    }

    /// Which function holds each route, and who lost to whom. Two functions with one route and method: the older keeps
    /// it.
    public var routeConflicts: [Function.ID: Function.ID] {
        struct Key: Hashable {
            let route: Route
            let method: Function.Method?
        }
        var holders: [Key: Function.ID] = [:]
        var losers: [Function.ID: Function.ID] = [:]
        for function in functions {
            let key = Key(route: function.route, method: function.method)
            if let holder = holders[key] {
                losers[function.id] = holder
            } else {
                holders[key] = function.id
            }
        }
        return losers
    }

    /// The function that is invoked in place of `function`, because it is older and has the same route and method;
    /// `nil`: there is none.
    public func routeHolder(of function: Function) -> Function? {
        // Compares ages too: `function` may be newer than what this snapshot knows of it.
        functions.first {
            $0.age < function.age && $0.id != function.id && $0.route == function.route && $0.method == function.method
        }
    }
}
