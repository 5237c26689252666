import F2SModel

/// Reads functions from YAML nodes and collects all errors, so that a user sees them at once.
struct FunctionReader {
    private static let oneMethod =
        "be one method: leave it out to answer any method, or declare one function per method"

    private(set) var errors: [YAMLError] = []
    /// True if documents that do not declare functions are skipped instead of rejected.
    private let skipsForeign: Bool

    init(skipsForeign: Bool) { self.skipsForeign = skipsForeign }

    mutating func report(_ error: YAMLError) { errors.append(error) }

    /// Returns the functions of a document: one, or the items of a list.
    mutating func functions(in node: YAMLNode) -> [ManifestDocument] {
        if skipsForeign, !Self.isOurs(node) { return [] }
        guard let map = value(YAMLCursor(node), { try $0.map() }) else { return [] }
        if let kind = map["kind"]?.node.content, kind.isScalar(ManifestFields.listKind) || kind.isScalar("List") {
            return list(map)
        }
        return function(map, in: node, mustSayKind: true).map { [$0] } ?? []
    }

    /// Returns true if the kind or the API group of a document belongs to functions. Letter case is ignored, so that a
    /// mistyped kind or a missing apiVersion is reported and not skipped.
    private static func isOurs(_ node: YAMLNode) -> Bool {
        guard case .map(let members) = node.content else { return false }
        func text(_ key: String) -> String {
            guard case .scalar(let text, _)? = members.first(where: { $0.key == key })?.value.content else { return "" }
            return text
        }
        let kind = text("kind").lowercased()
        if kind == "function" || kind == "functionlist" { return true }
        if text("apiVersion").lowercased().hasPrefix(DeclarationMark.group) { return true }
        guard kind == "list", case .list(let items)? = members.first(where: { $0.key == "items" })?.value.content else {
            return false
        }
        return items.contains { isOurs($0) }
    }

    /// Reads a list in the form of the REST API and kubectl.
    private mutating func list(_ map: YAMLMap) -> [ManifestDocument] {
        errors += map.unknownMembers(known: ManifestFields.list)
        let isOurs = map["kind"]?.node.content.isScalar(ManifestFields.listKind) == true
        check(map, "apiVersion", is: isOurs ? ManifestFields.apiVersion : "v1", isRequired: true)
        guard let items = value(map["items"], { try $0.list(example: "[{kind: Function}]") }) else { return [] }
        return items.compactMap { item in
            if skipsForeign, !isOurs, !Self.isOurs(item.node) { return nil }
            // The paths of fields begin at the item. The line number identifies the item.
            guard let map = value(YAMLCursor(item.node), { try $0.map() }) else { return nil }
            return function(map, in: item.node, mustSayKind: false)
        }
    }

    private mutating func function(_ map: YAMLMap, in node: YAMLNode, mustSayKind: Bool) -> ManifestDocument? {
        let before = errors.count
        check(map, "apiVersion", is: ManifestFields.apiVersion, isRequired: mustSayKind)
        check(map, "kind", is: ManifestFields.kind, isRequired: mustSayKind)
        // A document that is not a function gets only this error, not one for each of its fields.
        guard errors.count == before else { return nil }
        errors += map.unknownMembers(known: ManifestFields.document, elsewhere: ManifestFields.paths)
        guard let draft = draft(map), errors.count == before else { return nil }
        errors += draft.fieldErrors().map {
            YAMLError("\($0.description).", at: node.position(of: $0.field), field: $0.field)
        }
        guard errors.count == before else { return nil }
        return ManifestDocument(draft: draft, line: node.position?.line ?? 1)
    }

    private mutating func draft(_ map: YAMLMap) -> FunctionDraft? {
        let metadata = section(map, "metadata", known: ManifestFields.metadata)
        let spec = section(map, "spec", known: ManifestFields.spec)
        let target = section(map, "target", known: ManifestFields.target).map {
            read($0, TargetFields.target, into: Target())
        }
        let name = required(metadata, "name", "name the function") {
            try FunctionName(try $0.text(), field: $0.path)
        }
        let namespace = value(metadata?["namespace"]) {
            try FunctionName(try $0.text(), field: $0.path).text
        }
        let route = required(spec, "endpoint", "be the path below /invoke, such as /hello") {
            try Route(try $0.text(), field: $0.path)
        }
        let method = value(spec?["method"]) { cursor -> Function.Method? in
            if case .list = cursor.node.content { throw cursor.error(Self.oneMethod) }
            // In the published data model an empty method means any.
            let text = try cursor.text()
            return text.isEmpty ? nil : try Function.Method(text, field: cursor.path)
        }
        let summary = value(spec?["description"]) { try $0.text() }
        let access = access(spec?["access"])
        let cors = cors(spec?["cors"])
        let offersLogin = value(spec?["login"]) { try $0.flag() } ?? false
        let carried = FunctionMetadata(
            labels: texts(byName: metadata?["labels"], example: "{team: shop}"),
            annotations: texts(byName: metadata?["annotations"], example: "{contact: shop@example.org}"))
        guard let name, let route, let target else { return nil }
        return FunctionDraft(
            name: name, namespace: namespace ?? FunctionDraft.namespaceDefault, route: route, method: method ?? nil,
            summary: summary ?? "", access: access, cors: cors, offersLogin: offersLogin, target: target,
            metadata: carried)
    }

    private mutating func access(_ cursor: YAMLCursor?) -> Function.Access? {
        guard let cursor, case .map = cursor.node.content else {
            return value(cursor) { cursor in
                switch try cursor.text() {
                case "public": .everybody
                case "authenticated": .authenticated
                default: throw cursor.error("be public, authenticated, or groups such as {groups: [developers]}")
                }
            }
        }
        guard let map = value(cursor, { try $0.map() }) else { return nil }
        errors += map.unknownMembers(known: ManifestFields.access)
        let groups = required(map, "groups", "list the groups that may invoke the function") {
            try $0.list(example: "[developers]")
        }
        return groups.map { .groups($0.compactMap { group in value(group) { try $0.text() } }) }
    }

    private mutating func cors(_ cursor: YAMLCursor?) -> Function.CORS? {
        guard let map = value(cursor, { try $0.map(example: "{origins: [https://app.example.org]}") }) else {
            return nil
        }
        errors += map.unknownMembers(known: ManifestFields.cors)
        let origins = required(map, "origins", "list the origins of the pages, or [\"*\"]") {
            try $0.list(example: "[https://app.example.org]")
        }
        guard let origins else { return nil }
        var cors = Function.CORS(origins: origins.compactMap { origin in value(origin) { try $0.text() } })
        let methods = value(map["methods"]) { try $0.list(example: "[GET, POST]") } ?? []
        cors.methods = methods.compactMap { method in
            value(method) { try Function.Method(try $0.text(), field: $0.path) }
        }
        cors.headers = texts(map["headers"], example: "[Content-Type]") ?? []
        cors.allowsCredentials = value(map["credentials"]) { try $0.flag() } ?? false
        return cors
    }

    /// Returns a value with the fields of a mapping.
    mutating func read<Value>(_ map: YAMLMap, _ fields: [ManifestField<Value>], into value: Value) -> Value {
        var value = value
        for field in fields { field.read(map, &value, &self) }
        return value
    }

    /// Returns the texts of a mapping by their names.
    mutating func texts(byName cursor: YAMLCursor?, example: String) -> [String: String] {
        guard let map = value(cursor, { try $0.map(example: example) }) else { return [:] }
        var texts: [String: String] = [:]
        for member in map.members { texts[member.key] = value(map.cursor(of: member)) { try $0.text() } }
        return texts
    }

    /// Returns the texts of a sequence; `nil` if it is absent.
    mutating func texts(_ cursor: YAMLCursor?, example: String) -> [String]? {
        value(cursor) { try $0.list(example: example) }?.compactMap { element in value(element) { try $0.text() } }
    }
}

// Reading of fields and collection of errors.
extension FunctionReader {
    /// Returns the value of a field; `nil` if the field is absent, or if `read` throws. In that case the error is
    /// collected.
    mutating func value<Value>(
        _ cursor: YAMLCursor?, _ read: (YAMLCursor) throws -> Value
    ) -> Value? {
        guard let cursor else { return nil }
        do {
            return try read(cursor)
        } catch {
            errors.append(YAMLError(error, at: cursor.node.position))
            return nil
        }
    }

    /// Returns the value of a required field. If the mapping itself is missing, an error for it has been collected
    /// already.
    mutating func required<Value>(
        _ map: YAMLMap?, _ name: String, _ requirement: String, _ read: (YAMLCursor) throws -> Value
    ) -> Value? {
        guard let map else { return nil }
        do {
            return value(try map.required(name, requirement), read)
        } catch {
            errors.append(error)
            return nil
        }
    }

    /// Returns a mapping within another, and collects an error for each unknown member.
    mutating func section(
        _ map: YAMLMap, _ name: String, known: [String], isRequired: Bool = true
    ) -> YAMLMap? {
        let fields: YAMLMap? =
            isRequired
            ? required(map, name, "hold \(known.prefix(3).joined(separator: ", "))") { try $0.map() }
            : value(map[name]) { try $0.map() }
        if let fields { errors += fields.unknownMembers(known: known, elsewhere: ManifestFields.paths) }
        return fields
    }

    private mutating func check(_ map: YAMLMap, _ name: String, is wanted: String, isRequired: Bool) {
        guard isRequired || map[name] != nil else { return }
        _ = required(map, name, "be \(wanted)") { cursor in
            guard cursor.node.content.isScalar(wanted) else { throw cursor.error("be \(wanted)") }
        }
    }
}

extension YAMLNode.Content {
    fileprivate func isScalar(_ wanted: String) -> Bool {
        if case .scalar(wanted, _) = self { true } else { false }
    }
}
