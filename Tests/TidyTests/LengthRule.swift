/// Limits the length of files, functions and lines. A longer one contains two ideas.
enum LengthRule {
    static let fileLinesMax = 500
    static let functionLinesMax = 70
    static let columnsMax = 120

    static func findings(_ file: SourceFile) -> [Finding] {
        guard file.isSwift else { return [] }
        var found: [Finding] = []
        if file.lines.count > fileLinesMax {
            found.append(
                file.finding(
                    fileLinesMax + 1,
                    "the file has \(file.lines.count) lines, \(fileLinesMax) are allowed: split it by its ideas"))
        }
        for (index, line) in file.lines.enumerated() where line.utf8.count > columnsMax && line.count > columnsMax {
            found.append(
                file.finding(index + 1, "the line has \(line.count) columns, \(columnsMax) are allowed: break it"))
        }
        for function in DeclarationWalker(file.swift).declarations where function.isFunction {
            let lines = (function.lastLine ?? function.line) - function.line + 1
            if lines > functionLinesMax {
                found.append(
                    file.finding(
                        function.line,
                        "\(function.keyword) \(function.name) has \(lines) lines, \(functionLinesMax) are allowed: "
                            + "separate its decisions from its actions"))
            }
        }
        return found
    }
}
