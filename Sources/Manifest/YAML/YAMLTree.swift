import Yams

/// Turns Yams' nodes into plain ones, and refuses what is no plain data.
struct YAMLTree {
    /// Line of the text that is line 1 for Yams.
    let firstLine: Int
    /// How deep collections may stand in each other.
    let depthMax: Int
    /// Whether the text is a copy made by ``AliasGuard``.
    var takesStarsForAliases = false

    private static let noAliases = "Anchors (&name) and aliases (*name) are not accepted: write the value out."

    init(firstLine: Int, depthMax: Int) {
        self.firstLine = firstLine
        self.depthMax = depthMax
    }

    /// The value of a text of one document; `nil` when it is empty.
    func root(of text: String) throws(YAMLComplaint) -> YAMLNode? {
        do {
            // The resolver without rules leaves scalars as they are written; what they mean is decided field by field.
            let parser = try Parser(yaml: text, resolver: .basic, constructor: .default, encoding: .utf8)
            while let root = try parser.nextRoot() {
                // Nodes hold their anchors weakly: the parser must outlive the look at them.
                let value = try withExtendedLifetime(parser) { try node(root) }
                if !value.isNull { return value }
            }
            return nil
        } catch let complaint as YAMLComplaint {
            throw complaint
        } catch let error as YamlError {
            throw YAMLComplaint(error, firstLine: firstLine)
        } catch {
            throw YAMLComplaint("The text is not valid YAML: \(error).", at: nil)
        }
    }

    /// The plain form of a node and of all below it.
    private func node(_ node: Node, depth: Int = 0) throws(YAMLComplaint) -> YAMLNode {
        let position = position(of: node)
        guard depth <= depthMax else {
            throw YAMLComplaint("Values stand in each other over \(depthMax) deep: at most that is read.", at: position)
        }
        guard node.anchor == nil else { throw YAMLComplaint(Self.noAliases, at: position) }
        switch node {
        case .scalar(let scalar):
            try refuseTag(node, unless: .str)
            if takesStarsForAliases, scalar.style == .plain, AliasGuard.isAlias(scalar.string) {
                throw YAMLComplaint(Self.noAliases, at: position)
            }
            return YAMLNode(.scalar(scalar.string, isPlain: scalar.style == .plain), at: position)
        case .sequence(let sequence):
            try refuseTag(node, unless: .seq)
            var elements: [YAMLNode] = []
            elements.reserveCapacity(sequence.count)
            for element in sequence { elements.append(try self.node(element, depth: depth + 1)) }
            return YAMLNode(.list(elements), at: position)
        case .mapping(let mapping):
            try refuseTag(node, unless: .map)
            var members: [YAMLNode.Member] = []
            members.reserveCapacity(mapping.count)
            for (key, value) in mapping {
                let name = try self.node(key, depth: depth + 1)
                guard case .scalar(let text, _) = name.content, let place = name.position else {
                    throw YAMLComplaint("A key must be a text.", at: name.position)
                }
                let member = try self.node(value, depth: depth + 1)
                members.append(YAMLNode.Member(key: text, position: place, value: member))
            }
            return YAMLNode(.map(members), at: position)
        case .alias:
            throw YAMLComplaint(Self.noAliases, at: position)
        }
    }

    private func refuseTag(_ node: Node, unless allowed: Tag.Name) throws(YAMLComplaint) {
        guard node.tag.rawValue != allowed.rawValue else { return }
        throw YAMLComplaint(
            "The tag \(node.tag.rawValue.prefix(80)) is not accepted: write the value without it.",
            at: position(of: node))
    }

    private func position(of node: Node) -> YAMLPosition? {
        node.mark.map { YAMLPosition(line: $0.line + firstLine - 1, column: $0.column) }
    }
}

extension YAMLComplaint {
    /// What Yams complains about, in one sentence, at the place in the whole text.
    init(_ error: YamlError, firstLine: Int) {
        func place(_ mark: Mark) -> YAMLPosition {
            YAMLPosition(line: mark.line + firstLine - 1, column: mark.column)
        }
        switch error {
        case .scanner(let context, let problem, let mark, let yaml),
            .parser(let context, let problem, let mark, let yaml),
            .composer(let context, let problem, let mark, let yaml):
            if problem.hasPrefix("Maximum nesting level") {
                self.init("Values stand in each other too deep.", at: place(mark))
                return
            }
            let within = context.map { " \($0.text)" } ?? ""
            let isTab = mark.snippetByte(in: yaml) == UInt8(ascii: "\t")
            let hint = isTab ? ": a tab stands here, YAML is indented with spaces" : ""
            self.init("The text is not valid YAML: \(problem)\(within)\(hint).", at: place(mark))
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.prefix(5).map { "\"\(AliasGuard.original($0).prefix(80))\"" }.joined(separator: ", ")
            self.init("\(names) stands more than once in one mapping: each key may only once.", at: place(context.mark))
        case .reader(let problem, let offset, _, let yaml):
            let before = Array(yaml.prefix(offset ?? 0).utf8)
            let start = YAMLPosition(of: before.count, in: before[...])
            self.init(
                "The text is not valid YAML: \(problem).",
                at: YAMLPosition(line: start.line + firstLine - 1, column: start.column))
        case .memory, .no, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            self.init("The text is not valid YAML: \(error).", at: YAMLPosition(line: firstLine, column: 1))
        }
    }
}

extension Mark {
    /// The byte at this place; only looked at for a hint, so what is not ASCII may be missed.
    fileprivate func snippetByte(in yaml: String) -> UInt8? {
        let lines = yaml.utf8.split(separator: UInt8(ascii: "\n"), maxSplits: line, omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1) else { return nil }
        return lines[line - 1].dropFirst(column - 1).first
    }
}
