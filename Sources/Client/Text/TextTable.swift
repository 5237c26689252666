import F2SModel

/// Rows under column titles, for people: columns as wide as their widest cell, two spaces apart.
public struct TextTable: Sendable {
    /// One cell.
    struct Cell: Sendable, ExpressibleByStringLiteral {
        let text: String
        let style: TextStyle

        /// A text; empty cells become `-`, so that columns can be told apart by programs too. A cell never breaks its
        /// line, nor does what others have written reach the terminal as a command.
        init(_ text: String?, _ style: TextStyle = .plain) {
            let line = (text ?? "").oneLine
            self.text = line.isEmpty ? "-" : line
            self.style = style
        }

        init(stringLiteral value: String) { self.init(value) }
    }

    private let titles: [Cell]
    private var rows: [[Cell]] = []

    /// A table without rows.
    public init(_ titles: [String]) { self.titles = titles.map { Cell($0, .title) } }

    /// Whether there are rows.
    public var isEmpty: Bool { rows.isEmpty }

    /// Adds a row of plain texts.
    public mutating func add(_ cells: [String]) { add(cells: cells.map { Cell($0) }) }

    /// Adds a row. Missing cells count as empty ones; those beyond the titles are dropped.
    mutating func add(cells: [Cell]) {
        rows.append(titles.indices.map { $0 < cells.count ? cells[$0] : Cell(nil) })
    }

    /// The lines with their ends. The last column is not padded.
    /// - Parameter cutsLast: whether the last column, too, is cut where a terminal is narrower than the table.
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

    /// Rows without the titles, as wide as with them.
    func rowText(_ layout: TextLayout) -> String {
        let text = text(layout)
        return String(text[(text.firstIndex(of: "\n").map { text.index(after: $0) } ?? text.endIndex)...])
    }

    /// Takes columns from the last cell, which holds sentences, and then from the widest ones, down to what can still
    /// be read. A terminal that is narrower than that breaks the lines itself.
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
