/// A declaration in a Swift file.
struct Declaration: Equatable {
    /// The keyword, such as `func`, `struct` or `case`.
    let keyword: String
    /// The token after the keyword: the name, or an insignificant token after `init`.
    let name: String
    /// The first line, including attributes and modifiers.
    let firstLine: Int
    /// The line of the keyword.
    let line: Int
    /// True if the declaration is visible in other modules.
    let isPublic: Bool
    /// The line of the closing brace, or `nil` if there is no body.
    var lastLine: Int?

    /// True if the body consists of statements.
    var isFunction: Bool { ["func", "init", "deinit", "subscript", "var"].contains(keyword) && lastLine != nil }
}

/// Finds the declarations in a sequence of tokens. It interprets braces and keywords, but not types.
struct DeclarationWalker {
    /// The declarations in source order.
    private(set) var declarations: [Declaration] = []

    private struct Scope {
        /// The index of the declaration that the scope is the body of, or `nil` for a statement or a closure.
        let declaration: Int?
        /// The number of open parentheses and brackets in the enclosing scope.
        let depthOutside: Int
        /// A declaration with an unfinished head, for example if the brace belongs to a default value.
        let pendingOutside: Pending?
    }

    /// A declaration that may still get a body.
    private struct Pending {
        let index: Int
        let depth: Int
    }

    private let tokens: [SwiftText.Token]
    private var scopes: [Scope] = []
    private var pending: Pending?
    private var depth = 0

    init(_ text: SwiftText) {
        tokens = text.tokens
        for index in tokens.indices { visit(index) }
    }

    private mutating func visit(_ index: Int) {
        let token = tokens[index]
        switch token.text {
        case "(", "[": depth += 1
        case ")", "]": depth -= 1
        case "{": open()
        case "}": close(token.line)
        // After the equals sign comes a value: a brace in it opens a closure.
        case "=" where pending?.depth == depth && isAssignment(index): pending = nil
        case _ where token.kind != .word: break
        case _ where Self.statements.contains(token.text): pending = nil
        case _ where isDeclaration(index): declare(index)
        default: break
        }
    }

    private mutating func open() {
        let isBody = pending?.depth == depth
        scopes.append(
            Scope(
                declaration: isBody ? pending?.index : nil, depthOutside: depth, pendingOutside: isBody ? nil : pending)
        )
        pending = nil
        depth = 0
    }

    private mutating func close(_ line: Int) {
        guard let scope = scopes.popLast() else { return }
        depth = scope.depthOutside
        pending = scope.pendingOutside
        if let declaration = scope.declaration { declarations[declaration].lastLine = line }
    }

    private mutating func declare(_ index: Int) {
        var first = index
        var isPublic = false
        while let start = modifierStart(before: first) {
            first = start
            if ["public", "open"].contains(tokens[first].text) { isPublic = true }
        }
        let token = tokens[index]
        let around = scopes.last?.declaration.map { declarations[$0] }
        let isRequirement = around?.keyword == "protocol" || (around?.keyword == "enum" && token.text == "case")
        declarations.append(
            Declaration(
                keyword: token.text, name: index + 1 < tokens.count ? tokens[index + 1].text : "",
                firstLine: tokens[first].line, line: token.line,
                isPublic: isPublic || (isRequirement && around?.isPublic == true)))
        // `if let x {` binds a value; the brace belongs to the statement.
        let isBinding = first > 0 && ["if", "guard", "while", "case", "for", ","].contains(tokens[first - 1].text)
        pending = isBinding ? nil : Pending(index: declarations.count - 1, depth: depth)
    }

    /// Returns true if an equals sign is not a part of an operator such as `==`.
    private func isAssignment(_ index: Int) -> Bool {
        let operatorMarks = "=<>!+-*/%&|^~"
        let followsMark = index > 0 && tokens[index].isGlued && operatorMarks.contains(tokens[index - 1].text)
        let next = index + 1 < tokens.count ? tokens[index + 1] : nil
        return !followsMark && next.map { $0.isGlued && operatorMarks.contains($0.text) } != true
    }

    private func isDeclaration(_ index: Int) -> Bool {
        let token = tokens[index]
        let next = index + 1 < tokens.count ? tokens[index + 1] : nil
        if index > 0, tokens[index - 1].text == "." { return false }
        switch token.text {
        case "func", "protocol", "extension", "enum", "struct", "typealias", "associatedtype", "deinit", "var", "let":
            return true
        // `class func`, and `actor` as a name, do not declare a type.
        case "class", "actor":
            return next?.kind == .word && next.map { !Self.modifiers.contains($0.text) && $0.text != "func" } == true
        case "init", "subscript":
            return next.map { ["(", "<", "?"].contains($0.text) } == true && isInType
        case "case":
            return scopes.last?.declaration.map { declarations[$0].keyword } == "enum"
        default:
            return false
        }
    }

    private var isInType: Bool {
        guard let index = scopes.last?.declaration else { return false }
        return ["class", "struct", "enum", "actor", "extension", "protocol"].contains(declarations[index].keyword)
    }

    /// Returns the index of the modifier or attribute that ends directly before `index`.
    private func modifierStart(before index: Int) -> Int? {
        var candidate = index - 1
        guard candidate >= 0 else { return nil }
        if tokens[candidate].text == ")" {
            var open = 0
            repeat {
                if tokens[candidate].text == ")" { open += 1 }
                if tokens[candidate].text == "(" { open -= 1 }
                candidate -= 1
            } while open > 0 && candidate >= 0
            guard candidate >= 0 else { return nil }
        }
        let text = tokens[candidate].text
        if candidate > 0, tokens[candidate - 1].text == "." { return nil }
        return text.hasPrefix("@") || Self.modifiers.contains(text) ? candidate : nil
    }

    private static let modifiers: Set<String> = [
        "public", "open", "package", "internal", "fileprivate", "private", "static", "class", "final", "mutating",
        "nonmutating", "override", "required", "convenience", "lazy", "weak", "unowned", "nonisolated", "isolated",
        "indirect", "dynamic", "optional", "prefix", "postfix", "infix", "borrowing", "consuming", "distributed",
    ]
    private static let statements: Set<String> = [
        "if", "guard", "while", "for", "switch", "do", "return", "catch", "else", "repeat", "defer", "throw", "in",
    ]
}
