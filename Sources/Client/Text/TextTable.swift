/// Rows under column titles, for people: columns as wide as their widest cell, two spaces apart.
public struct TextTable: Sendable, Hashable {
    private let titles: [String]
    private var rows: [[String]] = []

    /// A table without rows.
    public init(_ titles: [String]) { self.titles = titles }

    /// Whether there are rows.
    public var isEmpty: Bool { rows.isEmpty }

    /// Adds a row. An empty cell becomes `-`, so that columns can be told apart by programs too; a missing one as
    /// well, and
    /// cells beyond the titles are dropped. Control characters become spaces: a cell never breaks its line, nor does
    /// text
    /// of others get at the terminal.
    public mutating func add(_ cells: [String]) {
        rows.append(
            titles.indices.map { column in
                let text = column < cells.count ? cells[column].printable : ""
                return text.isEmpty ? "-" : text
            })
    }

    /// The lines with their ends. The last column is not padded.
    public var text: String {
        let lines = [titles] + rows
        let widths = titles.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { cells in
            cells.enumerated().map { column, cell in
                let isLast = column == cells.count - 1
                return isLast ? cell : cell + String(repeating: " ", count: widths[column] + 2 - cell.count)
            }.joined() + "\n"
        }.joined()
    }
}

extension String {
    /// The text with every control character as a space.
    var printable: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}
