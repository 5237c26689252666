/// All functions at one moment, and the declarations that were rejected.
///
/// A copy shares everything with its original. ``changes(since:)`` finds the differences between two snapshots of one
/// store without comparing the unchanged functions, regardless of their number.
public struct FunctionSnapshot: Sendable {
    /// The functions, oldest first.
    public private(set) var functions: FunctionList
    /// Declarations that were rejected. They do not affect the others.
    public private(set) var rejections: [Rejection]

    private var positions: [Function.ID: Int] = [:]
    private var claims = RouteClaims()
    private var version = CollectionVersion<Function.ID>()

    /// Creates a snapshot and sorts the functions by age.
    public init(functions: [Function] = [], rejections: [Rejection] = []) {
        self.functions = FunctionList()
        self.rejections = rejections
        for function in functions { claims.add(function) }
        arrange(functions)
    }

    /// Returns the function with this identity; `nil` if it is not declared.
    public func function(of id: Function.ID) -> Function? { positions[id].map { functions[$0] } }

    /// Replaces the status of one function.
    /// - Returns: false if there is no such function, or if its status is already equal.
    @discardableResult
    public mutating func setStatus(_ status: FunctionStatus, of id: Function.ID) -> Bool {
        guard let position = positions[id], functions[position].status != status else { return false }
        functions[position].status = status
        version.record([id])
        return true
    }

    /// Adds and replaces functions, removes others, and replaces the rejections.
    public mutating func update(_ changed: [Function], removing removed: Set<Function.ID> = [], rejections: [Rejection])
    {
        self.rejections = rejections
        var keys = removed.filter { positions[$0] != nil }
        for id in keys { function(of: id).map { claims.remove($0) } }
        if !keys.isEmpty { arrange(functions.filter { !keys.contains($0.id) }) }
        var isSorted = true
        for function in changed.sorted(by: { $0.age < $1.age }) {
            if let position = positions[function.id] {
                let before = functions[position]
                guard before != function else { continue }
                isSorted = isSorted && before.age == function.age
                functions[position] = function
                keys.insert(function.id)
                // A change copies the table of routes, so skip it if the claim is the same.
                if RouteClaims.Claim(before) == RouteClaims.Claim(function),
                    RouteClaims.Key(before) == RouteClaims.Key(function)
                {
                    continue
                }
                claims.remove(before)
            } else {
                isSorted = isSorted && (functions.last.map { $0.age <= function.age } ?? true)
                positions[function.id] = functions.count
                functions.append(function)
            }
            claims.add(function)
            keys.insert(function.id)
        }
        if !isSorted { arrange(Array(functions)) }
        version.record(keys)
    }

    private mutating func arrange(_ unsorted: [Function]) {
        functions = FunctionList(unsorted.sorted { $0.age < $1.age })
        positions.removeAll(keepingCapacity: true)
        positions.reserveCapacity(functions.count)
        for (position, function) in functions.enumerated() { positions[function.id] = position }
    }

    // MARK: Routes

    /// Returns the older function that has the same route and method as `function` and is invoked instead of it; `nil`
    /// if there is none. `function` may be newer than its state in this snapshot.
    public func routeHolder(of function: Function) -> Function? {
        guard let holder = claims.holder(of: RouteClaims.Key(function)), holder.id != function.id,
            holder < RouteClaims.Claim(function)
        else { return nil }
        return self.function(of: holder.id)
    }

    /// Returns the functions that are invoked by a route. Each has another method.
    public func holders(of route: Route) -> [Function] {
        ([nil] + Function.Method.allCases).compactMap { method in
            claims.holder(of: RouteClaims.Key(route: route, method: method)).flatMap { function(of: $0.id) }
        }
    }

    // MARK: Changes

    /// Returns the differences from an earlier snapshot. For two snapshots of one store, the cost is proportional to
    /// the number of changes. If they come from different stores, or the earlier one is too old, every function is
    /// compared.
    public func changes(since earlier: FunctionSnapshot) -> FunctionChanges {
        var changes = FunctionChanges()
        var routes: Set<RouteClaims.Key> = []
        for id in version.keys(since: earlier.version) ?? Set(positions.keys).union(earlier.positions.keys) {
            let (before, now) = (earlier.function(of: id), function(of: id))
            guard let now else {
                if let before {
                    changes.removed.append(before)
                    routes.insert(RouteClaims.Key(before))
                }
                continue
            }
            guard let before, before.isStored(like: now) else {
                changes.declared.append(now)
                routes.insert(RouteClaims.Key(now))
                if let before { routes.insert(RouteClaims.Key(before)) }
                continue
            }
            if before.status != now.status || before.storeRevision != now.storeRevision {
                changes.updated.append(now)
            }
        }
        changes.declared.sort { $0.age < $1.age }
        changes.removed.sort { $0.age < $1.age }
        changes.rerouted = rerouted(routes, since: earlier)
        return changes
    }

    /// Returns the functions that are declared for those of the routes whose holder or claimants have changed.
    private func rerouted(_ routes: Set<RouteClaims.Key>, since earlier: FunctionSnapshot) -> Set<Function.ID> {
        var found: Set<Function.ID> = []
        for route in routes {
            let (before, now) = (earlier.claims.holder(of: route)?.id, claims.holder(of: route)?.id)
            let (those, these) = (earlier.claims.claimants(of: route), claims.claimants(of: route))
            guard before != now || those != these else { continue }
            found.formUnion(these)
        }
        return found
    }
}

extension FunctionSnapshot: Hashable {
    /// Returns true if functions and rejections are equal.
    public static func == (left: Self, right: Self) -> Bool {
        guard left.rejections == right.rejections else { return false }
        return left.version == right.version || left.functions == right.functions
    }

    /// Hashes functions and rejections.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(functions)
        hasher.combine(rejections)
    }
}

/// The differences between two snapshots.
public struct FunctionChanges: Sendable {
    /// New functions, and functions that differ in more than status and store revision, oldest first.
    public internal(set) var declared: [Function] = []
    /// Functions that differ in status or store revision only.
    public internal(set) var updated: [Function] = []
    /// Functions that are no longer declared, in their last state, oldest first.
    public internal(set) var removed: [Function] = []
    /// Functions that are declared for a route whose holder or claimants have changed.
    public internal(set) var rerouted: Set<Function.ID> = []

    /// True if no function was declared or removed.
    public var isOnlyStatuses: Bool { declared.isEmpty && removed.isEmpty }
    /// True if nothing has changed.
    public var isEmpty: Bool { isOnlyStatuses && updated.isEmpty }
}
