import F2SManifest
import F2SModel

// The types of the keys below `f2s.auth`.
extension SettingsKey {
    /// Creates a key for several methods of authentication.
    static func authMethods(_ path: String) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            let elements = try cursor.elements(example: "[basic, token]")
            let methods = try elements.map { try Self.method($0) }
            guard !methods.isEmpty else { throw cursor.error("name at least one method, or be absent") }
            for (index, method) in methods.enumerated() where methods[..<index].contains(method) {
                throw elements[index].error("be listed once")
            }
            guard methods.count == 1 || !methods.contains(.none) else {
                throw cursor.error("not contain none beside other methods")
            }
            settings.auth.methods = methods
        } json: { settings in
            // One method is written as `global_config.type`.
            let methods = settings.auth.methods
            return methods.count == 1 ? "null" : "[\(methods.map(\.rawValue.jsonText).joined(separator: ","))]"
        }
    }

    /// Creates a key for one method of authentication.
    static func authMethod(_ path: String) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            settings.auth.methods = [try Self.method(cursor)]
        } json: { settings in
            settings.auth.methods.count == 1 ? settings.auth.methods[0].rawValue.jsonText : "null"
        }
    }

    /// Creates a key for users with passwords.
    static func users(_ path: String) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            var users: [AuthSettings.User] = []
            for element in try cursor.list(example: "[{username: ann, password: ..., group: admins}]") {
                let user = try Self.user(element)
                guard !users.contains(where: { $0.name == user.name }) else {
                    throw element.error("have another username: \(user.name) is listed twice")
                }
                users.append(user)
            }
            settings.auth.users = users
        } json: { settings in
            let users = settings.auth.users.map { user in
                #"{"username":\#(user.name.jsonText),"password":\#(Secret.mask.jsonText),"#
                    + #""groups":[\#(user.groups.map(\.jsonText).joined(separator: ","))]}"#
            }
            return "[\(users.joined(separator: ","))]"
        }
    }

    /// Creates a key for a secret text.
    static func secret(
        _ path: String, _ field: any WritableKeyPath<Settings, Secret?> & Sendable
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            settings[keyPath: field] = try Self.secret(cursor)
        } json: { settings in
            settings[keyPath: field] == nil ? "null" : Secret.mask.jsonText
        }
    }

    /// Creates a key for the privileges of groups.
    static func grants(_ path: String) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            var grants: [String: Set<Grant>] = [:]
            for element in try cursor.list(example: "[{group: admins, privileges: [\"functions:list\"]}]") {
                let (group, privileges) = try Self.groupGrants(element)
                guard grants[group] == nil else { throw element.error("have another group: \(group) is listed twice") }
                grants[group] = privileges
            }
            settings.auth.grants = grants
        } json: { settings in
            let groups = settings.auth.grants.sorted { $0.key < $1.key }.map { group, grants in
                let privileges = grants.map(\.description).sorted().map(\.jsonText).joined(separator: ",")
                return #"{"group":\#(group.jsonText),"privileges":[\#(privileges)]}"#
            }
            return "[\(groups.joined(separator: ","))]"
        }
    }

    private static func method(_ cursor: YAMLCursor) throws -> AuthSettings.Method {
        guard let method = AuthSettings.Method(rawValue: try cursor.text()) else {
            let known = AuthSettings.Method.allCases.map(\.rawValue).joined(separator: ", ")
            throw cursor.error("be one of: \(known)")
        }
        return method
    }

    private static func user(_ cursor: YAMLCursor) throws -> AuthSettings.User {
        let fields = try cursor.map(example: "{username: ann, password: ..., group: admins}")
        try fields.require(only: ["username", "password", "group", "groups"])
        guard let name = fields["username"], let password = fields["password"] else {
            throw cursor.error("have a username and a password")
        }
        let text = try name.text()
        guard !text.isEmpty, !text.contains(":") else { throw name.error("be a name without a colon") }
        let value = try secret(password)
        guard !PasswordHash.isMeant(by: value.revealed) || PasswordHash(value.revealed) != nil else {
            throw YAMLError(
                "\(password.path) begins like the hash of a password and is none: use what `f2s token hash` prints.",
                at: password.node.position)
        }
        return AuthSettings.User(name: text, password: value, groups: try groups(fields, cursor))
    }

    /// Returns the groups of `group` and `groups`, of which a user has one.
    private static func groups(_ fields: YAMLMap, _ cursor: YAMLCursor) throws -> [String] {
        switch (fields["group"], fields["groups"]) {
        case (let group?, nil): [try group.text()]
        case (nil, let groups?): try groups.list(example: "[admins]").map { try $0.text() }
        case (nil, nil): []
        case (_?, _?): throw cursor.error("have either a group or groups")
        }
    }

    /// Returns a secret text that is not empty.
    static func secret(_ cursor: YAMLCursor) throws -> Secret {
        // The value is not repeated in errors.
        guard case .scalar(let text, _) = cursor.node.content, !text.isEmpty else {
            throw YAMLError("\(cursor.path) must be a text that is not empty.", at: cursor.node.position)
        }
        guard text != Secret.mask else {
            throw YAMLError(
                "\(cursor.path) is \(Secret.mask), by which F2S masks a secret in its output: write the secret itself.",
                at: cursor.node.position)
        }
        return Secret(text)
    }

    private static func groupGrants(_ cursor: YAMLCursor) throws -> (String, Set<Grant>) {
        let fields = try cursor.map(example: "{group: admins, privileges: [\"functions:list\"]}")
        try fields.require(only: ["group", "privileges"])
        guard let group = fields["group"], let privileges = fields["privileges"] else {
            throw cursor.error("have a group and its privileges")
        }
        let grants = try privileges.list(example: "[\"functions:list\"]").map { element in
            do { return try Grant(try element.text(), field: element.path) } catch let error as FieldError {
                throw YAMLError("\(error.description).", at: element.node.position)
            }
        }
        return (try group.text(), Set(grants))
    }
}

extension YAMLMap {
    /// - Throws: An error if the map contains another member.
    func require(only known: [String]) throws(YAMLError) {
        if let error = unknownMembers(known: known, elsewhere: []).first { throw error }
    }
}
