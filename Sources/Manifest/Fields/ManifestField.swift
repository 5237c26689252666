import F2SModel

/// One field of a mapping: its name, its form, and how it is read and written.
struct ManifestField<Parent>: Sendable {
    /// A stored property of the mapping's value.
    typealias Property<Value> = any WritableKeyPath<Parent, Value> & Sendable

    /// The name and the form of the field.
    let member: FieldSchema.Member
    /// Reads the field of a mapping into a value. If the field is absent, the value stays as it is. Errors are
    /// collected in the reader.
    let read: @Sendable (YAMLMap, inout Parent, inout FunctionReader) -> Void
    /// Returns the field to write; `nil` if it is omitted.
    let write: @Sendable (Parent) -> ManifestValue?

    /// The name of the field.
    var name: String { member.name }

    init(
        _ name: String, _ schema: FieldSchema,
        read: @escaping @Sendable (YAMLMap, inout Parent, inout FunctionReader) -> Void,
        write: @escaping @Sendable (Parent) -> ManifestValue?
    ) {
        member = FieldSchema.Member(name: name, schema: schema)
        self.read = read
        self.write = write
    }
}

extension FieldSchema {
    /// The names of a mapping's own fields; empty for any other form.
    var names: [String] {
        guard case .object(let members) = self else { return [] }
        return members.map(\.name)
    }
}

// MARK: - Forms of one value

extension ManifestField {
    /// A field whose property is `nil` if the field is absent, and which is omitted if the property is `nil`.
    private static func optional<Value>(
        _ name: String, _ schema: FieldSchema, _ property: Property<Value?>,
        read: @escaping @Sendable (YAMLCursor) throws -> Value, write: @escaping @Sendable (Value) -> ManifestValue
    ) -> Self {
        Self(
            name, schema,
            read: { map, parent, reader in parent[keyPath: property] = reader.value(map[name], read) },
            write: { $0[keyPath: property].map(write) })
    }

    /// A text.
    static func text(_ name: String, _ property: Property<String?>) -> Self {
        optional(name, .text, property, read: { try $0.text() }, write: { .text($0) })
    }

    /// An amount of a resource.
    static func quantity(_ name: String, _ property: Property<Quantity?>) -> Self {
        optional(
            name, .text, property, read: { try Quantity(try $0.text(), field: $0.path) }, write: { .text($0.text) })
    }

    /// A whole number.
    static func wholeNumber(_ name: String, _ property: Property<Int?>, within allowed: ClosedRange<Int>) -> Self {
        optional(
            name, .wholeNumber(allowed, standard: nil), property, read: { try $0.wholeNumber() },
            write: { .bare("\($0)") })
    }

    /// A whole number that is always written.
    static func wholeNumber(
        _ name: String, _ property: Property<Int>, within allowed: ClosedRange<Int>, standard: Int
    ) -> Self {
        Self(
            name, .wholeNumber(allowed, standard: standard),
            read: { map, parent, reader in
                if let number = reader.value(map[name], { try $0.wholeNumber() }) { parent[keyPath: property] = number }
            }, write: { .bare("\($0[keyPath: property])") })
    }

    /// A number above zero.
    static func positiveNumber(_ name: String, _ property: Property<Double?>, maximum: Int) -> Self {
        optional(
            name, .positiveNumber(maximum: maximum), property, read: { try $0.number() },
            // A whole number is written without its fraction: 10, not 10.0.
            write: { number in .bare(Int(exactly: number).map { "\($0)" } ?? "\(number)") })
    }

    /// A duration.
    static func duration(_ name: String, _ property: Property<Duration?>, within allowed: ClosedRange<Duration>) -> Self
    {
        optional(
            name, .duration, property,
            read: { try Duration(text: try $0.text(), allowed: allowed, field: $0.path) },
            write: { .text($0.shortText) })
    }

    /// A duration that is omitted if it has its default.
    static func duration(
        _ name: String, _ property: Property<Duration>, within allowed: ClosedRange<Duration>, standard: Duration
    ) -> Self {
        Self(
            name, .duration,
            read: { map, parent, reader in
                let duration = reader.value(map[name]) {
                    try Duration(text: try $0.text(), allowed: allowed, field: $0.path)
                }
                if let duration { parent[keyPath: property] = duration }
            },
            write: { parent in
                let duration = parent[keyPath: property]
                return duration == standard ? nil : .text(duration.shortText)
            })
    }

    /// A flag that is omitted if it is false.
    static func flag(_ name: String, _ property: Property<Bool>) -> Self {
        Self(
            name, .flag,
            read: { map, parent, reader in
                if let flag = reader.value(map[name], { try $0.flag() }) { parent[keyPath: property] = flag }
            }, write: { $0[keyPath: property] ? .bare("true") : nil })
    }

    /// A path that is always written. Published manifests omit the leading slash.
    /// - Parameter requirement: The requirement if the field is absent, as the end of "… must …"; `nil` if it may be.
    static func path(_ name: String, _ property: Property<String>, requirement: String? = nil) -> Self {
        Self(
            name, .text,
            read: { map, parent, reader in
                let text =
                    if let requirement { reader.required(map, name, requirement, { try $0.text() }) } else {
                        reader.value(map[name]) { try $0.text() }
                    }
                if let text { parent[keyPath: property] = text.hasPrefix("/") ? text : "/" + text }
            }, write: { .text($0[keyPath: property]) })
    }
}

// MARK: - Forms of several values

extension ManifestField {
    /// A sequence of texts that may be absent.
    static func texts(_ name: String, _ property: Property<[String]?>, example: String) -> Self {
        Self(
            name, .list(.text),
            read: { map, parent, reader in parent[keyPath: property] = reader.texts(map[name], example: example) },
            write: { parent in parent[keyPath: property].map { .list($0.map { .text($0) }) } })
    }

    /// A sequence of texts that is omitted if it is empty.
    static func texts(_ name: String, _ property: Property<[String]>, example: String) -> Self {
        Self(
            name, .list(.text),
            read: { map, parent, reader in parent[keyPath: property] = reader.texts(map[name], example: example) ?? []
            },
            write: { parent in
                let texts = parent[keyPath: property]
                return texts.isEmpty ? nil : .list(texts.map { .text($0) })
            })
    }

    /// Texts by names of the user's choice.
    static func textsByName(_ name: String, _ property: Property<[String: String]>, example: String) -> Self {
        Self(
            name, .map(.text),
            read: { map, parent, reader in
                parent[keyPath: property] = reader.texts(byName: map[name], example: example)
            },
            write: { parent in
                let texts = parent[keyPath: property].sorted { $0.key < $1.key }
                return texts.isEmpty ? nil : .map(texts.map { ($0.key, .text($0.value)) })
            })
    }

    /// A mapping that is omitted if all its fields are.
    static func section<Section>(
        _ name: String, _ property: Property<Section>, _ fields: [ManifestField<Section>]
    ) -> Self {
        let names = fields.map(\.name)
        return Self(
            name, .object(fields.map(\.member)),
            read: { map, parent, reader in
                guard let map = reader.section(map, name, known: names, isRequired: false) else { return }
                parent[keyPath: property] = reader.read(map, fields, into: parent[keyPath: property])
            },
            write: { parent in
                let members = ManifestValue.members(of: parent[keyPath: property], fields)
                return members.isEmpty ? nil : .map(members)
            })
    }

    /// A mapping that may be absent.
    /// - Parameter blank: The value into which the fields are read.
    static func section<Section: Sendable>(
        _ name: String, _ property: Property<Section?>, _ fields: [ManifestField<Section>], from blank: Section
    ) -> Self {
        let names = fields.map(\.name)
        return Self(
            name, .object(fields.map(\.member)),
            read: { map, parent, reader in
                guard let map = reader.section(map, name, known: names, isRequired: false) else { return }
                parent[keyPath: property] = reader.read(map, fields, into: blank)
            },
            write: { parent in
                parent[keyPath: property].map { .map(ManifestValue.members(of: $0, fields)) }
            })
    }
}
