import F2SModel

/// A text table for people: rows under column titles. Each column is as wide as its widest cell; two spaces separate
/// the columns.
public struct TextTable: Sendable {
    /// One cell.
    struct Cell: Sendable, ExpressibleByStringLiteral {
        let text: String
        let style: TextStyle

        /// Creates a cell. An empty cell becomes `-`, so that a program can split the columns. Line ends become spaces
        /// and control characters become visible escapes.
        init(_ text: String?, _ style: TextStyle = .plain) {
            let line = (text ?? "").oneLine
            self.text = line.isEmpty ? "-" : line
            self.style = style
        }

        init(stringLiteral value: String) { self.init(value) }
    }

    private let titles: [Cell]
    private var rows: [[Cell]] = []

    /// Creates a table without rows.
    public init(_ titles: [String]) { self.titles = titles.map { Cell($0, .title) } }

    /// True if the table has no rows.
    public var isEmpty: Bool { rows.isEmpty }

    /// Adds a row of plain texts.
    public mutating func add(_ cells: [String]) { add(cells: cells.map { Cell($0) }) }

    /// Adds a row. Missing cells are empty; cells beyond the titles are dropped.
    mutating func add(cells: [Cell]) {
        rows.append(titles.indices.map { $0 < cells.count ? cells[$0] : Cell(nil) })
    }

    /// Returns the lines, each with its line end. The last column is not padded.
    /// - Parameter cutsLast: True to cut columns if the terminal is narrower than the table. The last column is cut
    ///   first.
    public func text(_ layout: TextLayout = .plain, cutsLast: Bool = true) -> String {
        let lines = [titles] + rows
        let natural = titles.indices.map { column in lines.map { $0[column].text.columns }.max() ?? 0 }
        let widths = layout.width.map { Self.fitted(natural, into: $0, cutsLast: cutsLast) } ?? natural
        return lines.map { cells in
            cells.enumerated().map { column, cell in
                let isLast = column == cells.count - 1
                let text = cell.text.cut(toColumns: widths[column])
                let padding = isLast ? 0 : widths[column] + 2 - text.columns
                return layout.styled(text, cell.style) + String(repeating: " ", count: max(0, padding))
            }.joined() + "\n"
        }.joined()
    }

    /// Returns the rows without the titles. The widths are the same as with the titles.
    func rowText(_ layout: TextLayout) -> String {
        let text = text(layout)
        return String(text[(text.firstIndex(of: "\n").map { text.index(after: $0) } ?? text.endIndex)...])
    }

    /// Reduces the widths to the width of the terminal: first the last column, which contains sentences, then the
    /// widest columns, each to a minimum that is still readable. A narrower terminal wraps the lines.
    private static func fitted(_ natural: [Int], into width: Int, cutsLast: Bool) -> [Int] {
        var widths = natural
        guard let last = widths.indices.last else { return widths }
        func excess() -> Int { widths.reduce(0, +) + 2 * (widths.count - 1) - width }
        guard cutsLast else { return widths }
        let lastMin = min(natural[last], 16)
        widths[last] = max(lastMin, widths[last] - max(0, excess()))
        while excess() > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > 12 {
            widths[widest] -= 1
        }
        return widths
    }
}
