/// The holder of each route. If two functions have the same route and method, the older one holds it.
struct RouteClaims: Sendable {
    /// A route and a method. Only one function can hold the pair.
    struct Key: Sendable, Hashable {
        let route: Route
        let method: Function.Method?

        init(route: Route, method: Function.Method?) {
            self.route = route
            self.method = method
        }

        init(_ function: Function) { self.init(route: function.route, method: function.method) }
    }

    /// The claim of a function to a route.
    struct Claim: Sendable, Hashable, Comparable {
        let id: Function.ID
        let age: UInt64

        init(_ function: Function) { (id, age) = (function.id, function.age) }

        static func < (left: Self, right: Self) -> Bool { (left.age, left.id) < (right.age, right.id) }
    }

    private var holders: [Key: Claim] = [:]
    /// All claims to each route that more than one function declares, oldest first.
    private var contested: [Key: [Claim]] = [:]

    func holder(of key: Key) -> Claim? { holders[key] }

    /// Returns the functions that declare a route, oldest first.
    func claimants(of key: Key) -> [Function.ID] {
        contested[key]?.map(\.id) ?? holders[key].map { [$0.id] } ?? []
    }

    mutating func add(_ function: Function) {
        let (key, claim) = (Key(function), Claim(function))
        guard let holder = holders[key] else {
            holders[key] = claim
            return
        }
        let claims = ((contested[key] ?? [holder]) + [claim]).sorted()
        (holders[key], contested[key]) = (claims[0], claims)
    }

    mutating func remove(_ function: Function) {
        let key = Key(function)
        let claims = (contested[key] ?? holders[key].map { [$0] } ?? []).filter { $0.id != function.id }
        (holders[key], contested[key]) = (claims.first, claims.count > 1 ? claims : nil)
    }
}
