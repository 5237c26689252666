/// The members of one mapping, accessible by name.
public struct YAMLMap: Sendable {
    /// The path of the mapping; empty at the root.
    public let path: String
    /// The position at which it begins.
    public let position: YAMLPosition?
    /// The members in the order of the text.
    public let members: [YAMLNode.Member]
    /// True if errors do not repeat the values of the members.
    let isSecret: Bool

    /// The member of this name; `nil` if it is absent or empty, which has the same meaning.
    public subscript(name: String) -> YAMLCursor? {
        guard let member = members.first(where: { $0.key == name }), !member.value.isNull else { return nil }
        return cursor(of: member)
    }

    /// Returns a member as a cursor.
    public func cursor(of member: YAMLNode.Member) -> YAMLCursor {
        YAMLCursor(member.value, path: path(of: member.key), isSecret: isSecret)
    }

    /// Returns the member of this name.
    /// - Parameter requirement: the requirement of its value, as the end of "… must …".
    /// - Throws: ``YAMLError`` if it is absent or empty.
    public func required(_ name: String, _ requirement: String) throws(YAMLError) -> YAMLCursor {
        if let cursor = self[name] { return cursor }
        let location = members.first { $0.key == name }?.position ?? position
        throw YAMLError("\(path(of: name)) is missing: it must \(requirement).", at: location, field: path(of: name))
    }

    /// Returns an error for each member whose name is unknown.
    /// - Parameters:
    ///   - known: the names of this mapping.
    ///   - elsewhere: the paths of all fields of the document, to find a field in the wrong mapping.
    public func unknownMembers(known: [String], elsewhere: [String] = []) -> [YAMLError] {
        members.filter { !known.contains($0.key) }.map { member in
            let name = path(of: String(member.key.prefix(80)))
            let misplaced = elsewhere.first { $0 == member.key || $0.hasSuffix("." + member.key) }
            let near = NearestName.of(member.key, among: known).map { path(of: $0) }
            let advice =
                if let meant = near ?? misplaced { "did you mean \(meant)?" } else {
                    "known here are \(known.joined(separator: ", "))."
                }
            return YAMLError("\(name) is not a known field: \(advice)", at: member.position, field: name)
        }
    }

    private func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}
