import F2SModel

/// The choice and the order of the functions in the overview.
struct OverviewQuery: Sendable {
    /// The members by which the functions can be sorted.
    enum Sort: String, Sendable, Hashable, CaseIterable {
        case name, endpoint, state, replicas, rate, p95, coldStart
    }

    /// The direction of the order. Functions without a value come last in both.
    enum Order: String, Sendable, Hashable, CaseIterable {
        case ascending, descending
    }

    /// The states that a query may ask for.
    enum StateChoice: String, Sendable, Hashable, CaseIterable {
        case all, attention, starting, ready, idle
    }

    var filter = TextFilter("")
    /// The only state to return; `nil` for all.
    var state: FunctionHealth.State?
    var sort = Sort.name
    var order = Order.ascending
    var limit = OverviewQuery.limitDefault
    var offset = 0

    /// The numbers of functions that a request may ask for.
    static let limitAllowed = 1...500
    /// The number of functions if the request names none.
    static let limitDefault = 100
    /// The numbers of functions that a request may skip.
    static let offsetAllowed = 0...Int(Int32.max)
}

extension OverviewQuery {
    /// Reads the query of a request.
    /// - Throws: A ``Problem`` with status 400 for a value that is not allowed.
    init(_ request: APIRequest) throws(Problem) {
        filter = TextFilter(request.query("filter") ?? "")
        state = FunctionHealth.State(rawValue: try request.choice("state", default: StateChoice.all).rawValue)
        sort = try request.choice("sort", default: .name)
        order = try request.choice("order", default: .ascending)
        limit = try request.number("limit", default: Self.limitDefault, allowed: Self.limitAllowed)
        offset = try request.number("offset", default: 0, allowed: Self.offsetAllowed)
    }

    /// The documentation of the parameters.
    static let parameters: [OperationDocument.Parameter] = [
        .query("filter", "Only functions whose name, endpoint or description contains this text, in any letter case."),
        .choice("state", "Only functions in this state.", StateChoice.all),
        .choice("sort", "The member to sort by. A tie is broken by name.", Sort.name),
        .choice("order", "The direction. Functions without a value come last in both.", Order.ascending),
        .query(
            "limit", "The maximum number of functions.",
            schema: [
                "type": "integer", "minimum": .number(limitAllowed.lowerBound),
                "maximum": .number(limitAllowed.upperBound), "default": .number(limitDefault),
            ]),
        .query(
            "offset", "The number of functions to skip.",
            schema: ["type": "integer", "minimum": .number(offsetAllowed.lowerBound), "default": 0]),
    ]
}

extension OperationDocument.Parameter {
    /// A query parameter with one of a few words.
    fileprivate static func choice<Word: CaseIterable & RawRepresentable<String>>(
        _ name: String, _ summary: String, _ standard: Word
    ) -> OperationDocument.Parameter {
        query(
            name, summary,
            schema: [
                "type": "string", "enum": .array(Word.allCases.map { .string($0.rawValue) }),
                "default": .string(standard.rawValue),
            ])
    }
}
