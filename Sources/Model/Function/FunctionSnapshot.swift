/// Every function at one moment, with what could not be read.
public struct FunctionSnapshot: Sendable, Hashable {
    /// The functions, oldest first.
    public let functions: [Function]
    /// Declarations that were refused; the others are not affected.
    public let refusals: [Refusal]

    /// Sorts by age.
    public init(functions: [Function] = [], refusals: [Refusal] = []) {
        self.functions = functions.sorted { $0.age < $1.age }
        self.refusals = refusals
    }

    /// A declaration that could not be accepted.
    public struct Refusal: Error, Sendable, Hashable, Codable, CustomStringConvertible {
        /// File relative to its folder.
        public let place: String
        /// Line from 1; `nil` when the whole file is meant.
        public let line: Int?
        /// Column from 1.
        public let column: Int?
        /// What is wrong and what is allowed.
        public let message: String

        /// A refusal.
        public init(place: String, line: Int? = nil, column: Int? = nil, message: String) {
            self.place = place
            self.line = line
            self.column = column
            self.message = message
        }

        /// `file:line:column: message`, as compilers write it.
        public var description: String {
            let position = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
            return "\(place)\(position): \(message)"
        }
    }

    /// Which function holds each route, and who lost to whom. Two functions with one route and method: the older keeps it.
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
}
