/// Builds plain nodes from the events of libyaml, and rejects anything else.
struct YAMLTree {
    /// The line of the whole text that is line 1 of this one.
    let firstLine: Int
    /// The maximum nesting depth of collections.
    let depthMax: Int

    private typealias Next = () throws(YAMLError) -> YAMLEvents.Event

    private static let noAliases = "Anchors (&name) and aliases (*name) are not accepted: write the value out."

    /// Returns the value of a text with one document, which is read to its end; `nil` if it is empty.
    func root(of text: ArraySlice<UInt8>) throws(YAMLError) -> YAMLNode? {
        try YAMLEvents(text, firstLine: firstLine).read { next throws(YAMLError) in
            var root: YAMLNode?
            while true {
                let event = try next()
                switch event.kind {
                case .streamEnd: return root
                case .streamStart, .documentStart, .documentEnd: continue
                default:
                    let value = try node(event, next, depth: 0)
                    if root == nil, !value.isNull { root = value }
                }
            }
        }
    }

    /// Returns the value that begins with an event.
    private func node(_ event: YAMLEvents.Event, _ next: Next, depth: Int) throws(YAMLError) -> YAMLNode {
        guard depth <= depthMax else {
            throw YAMLError(
                "Values are nested over \(depthMax) levels deep, which is the limit.", at: event.position)
        }
        guard !event.hasAnchor else { throw YAMLError(Self.noAliases, at: event.position) }
        switch event.kind {
        case .scalar(let text, let isPlain):
            try refuseTag(event, unless: "str")
            return YAMLNode(.scalar(text, isPlain: isPlain), at: event.position)
        case .listStart:
            try refuseTag(event, unless: "seq")
            var elements: [YAMLNode] = []
            while true {
                let element = try next()
                if case .listEnd = element.kind { return YAMLNode(.list(elements), at: event.position) }
                elements.append(try node(element, next, depth: depth + 1))
            }
        case .mapStart:
            try refuseTag(event, unless: "map")
            return YAMLNode(.map(try members(event, next, depth: depth + 1)), at: event.position)
        case .alias: throw YAMLError(Self.noAliases, at: event.position)
        case .listEnd, .mapEnd, .documentStart, .documentEnd, .streamStart, .streamEnd:
            throw YAMLError("The text is not valid YAML: a value is missing.", at: event.position)
        }
    }

    private func members(
        _ map: YAMLEvents.Event, _ next: Next, depth: Int
    ) throws(YAMLError) -> [YAMLNode.Member] {
        var members: [YAMLNode.Member] = []
        var known: Set<String> = []
        var repeated: Set<String> = []
        while true {
            let event = try next()
            if case .mapEnd = event.kind { break }
            let key = try node(event, next, depth: depth)
            guard case .scalar(let name, _) = key.content else {
                throw YAMLError("A key must be a text.", at: event.position)
            }
            if !known.insert(name).inserted { repeated.insert(name) }
            let value = try node(try next(), next, depth: depth)
            members.append(YAMLNode.Member(key: name, position: event.position, value: value))
        }
        guard repeated.isEmpty else {
            let names = repeated.sorted().prefix(5).map { "\"\($0.prefix(80))\"" }.joined(separator: ", ")
            throw YAMLError(
                "\(names) occurs more than once in one mapping. A key may occur only once.", at: map.position)
        }
        return members
    }

    private func refuseTag(_ event: YAMLEvents.Event, unless allowed: String) throws(YAMLError) {
        guard let tag = event.tag, tag != "tag:yaml.org,2002:\(allowed)" else { return }
        throw YAMLError(
            "The tag \(tag.prefix(80)) is not accepted: write the value without it.", at: event.position)
    }
}
