import F2SModel

/// The table of API tokens that `f2s token list` prints.
public struct TokenTable: Sendable {
    /// The lines, each with its line end.
    public let text: String

    /// Creates a table of tokens.
    /// - Parameter now: The current time in seconds since 1970.
    public init(_ tokens: [TokenRecord], now: Double, layout: TextLayout = .plain) {
        var table = TextTable(["ID", "NAME", "GROUPS", "AGE", "EXPIRES"])
        for token in tokens {
            let end = token.expires.flatMap { TimeText.secondsSince1970($0) }
            let hasExpired = end.map { $0 <= now } ?? false
            table.add(cells: [
                .init(token.id), .init(token.name), .init(token.groups.joined(separator: ",")),
                .init(AgeText.text(since: token.created, now: now)),
                .init(token.expires ?? "never", hasExpired ? .bad : .plain),
            ])
        }
        text = table.text(layout)
    }
}
