/// The members of one mapping, looked up by name.
public struct YAMLMap: Sendable {
    /// Path of the mapping; empty at the root.
    public let path: String
    /// Where it begins.
    public let position: YAMLPosition?
    /// Its members in the order of the text.
    public let members: [YAMLNode.Member]

    /// The member of this name; `nil` when it is absent or empty, which means the same.
    public subscript(name: String) -> YAMLCursor? {
        guard let member = members.first(where: { $0.key == name }), !member.value.isNull else { return nil }
        return cursor(of: member)
    }

    /// A member as a cursor.
    public func cursor(of member: YAMLNode.Member) -> YAMLCursor {
        YAMLCursor(member.value, path: path(of: member.key))
    }

    /// The member of this name.
    /// - Parameter requirement: what it must be, as the end of "… must …".
    /// - Throws: ``YAMLComplaint`` when it is absent or empty.
    public func required(_ name: String, _ requirement: String) throws(YAMLComplaint) -> YAMLCursor {
        if let cursor = self[name] { return cursor }
        let place = members.first { $0.key == name }?.position ?? position
        throw YAMLComplaint("\(path(of: name)) is missing: it must \(requirement).", at: place)
    }

    /// A complaint about each member whose name is not known.
    /// - Parameters:
    ///   - known: names of this mapping.
    ///   - elsewhere: paths of every field of the document: one that was put into the wrong mapping is found by it.
    public func unknownMembers(known: [String], elsewhere: [String] = []) -> [YAMLComplaint] {
        members.filter { !known.contains($0.key) }.map { member in
            let name = path(of: String(member.key.prefix(80)))
            let misplaced = elsewhere.first { $0 == member.key || $0.hasSuffix("." + member.key) }
            let near = NearestName.of(member.key, among: known).map { path(of: $0) }
            let advice =
                if let meant = near ?? misplaced { "did you mean \(meant)?" } else {
                    "known here are \(known.joined(separator: ", "))."
                }
            return YAMLComplaint("\(name) is not a known field: \(advice)", at: member.position)
        }
    }

    private func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}
