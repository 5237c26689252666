import F2SModel
import FoundationEssentials
import NIOCore

/// The body of a request for an API token.
struct TokenBody: Sendable {
    /// The name of the token.
    let name: String
    /// The groups of the token.
    let groups: [String]
    /// The time after which the token expires; `nil` if it does not.
    let lifetime: Duration?

    /// The bounds of ``lifetime``: up to ten years.
    private static let lifetimes = Duration.seconds(1)...Duration.seconds(3650 * 86_400)

    /// The members of the JSON object.
    private struct Fields: Decodable {
        static let known = ["name", "group", "groups", "ttl"]

        let name: String?
        let group: String?
        let groups: [String]?
        let ttl: String?
        /// The first member that is not known; `nil` if there is none.
        let unknown: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: MemberName.self)
            name = try container.decodeIfPresent(String.self, forKey: MemberName(stringValue: "name"))
            group = try container.decodeIfPresent(String.self, forKey: MemberName(stringValue: "group"))
            groups = try container.decodeIfPresent([String].self, forKey: MemberName(stringValue: "groups"))
            ttl = try container.decodeIfPresent(String.self, forKey: MemberName(stringValue: "ttl"))
            unknown = container.allKeys.map(\.stringValue).sorted().first { !Self.known.contains($0) }
        }
    }

    /// Reads a body.
    /// - Throws: A ``Problem`` with status 400.
    init(_ body: ByteBuffer) throws(Problem) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(body.readableBytesView)) else {
            throw Self.malformed("It must be a JSON object with the texts name, group and ttl, or the list groups.")
        }
        if let unknown = fields.unknown {
            throw Self.malformed(
                "It has the unknown member \(unknown.printable). Known are \(Fields.known.joined(separator: ", ")).")
        }
        guard let name = fields.name else { throw Self.malformed("It has no name.") }
        switch (fields.group, fields.groups) {
        case (let group?, nil): groups = [group]
        case (nil, let all?): groups = all
        case (nil, nil), (_?, _?): throw Self.malformed("It must have either group or groups.")
        }
        self.name = name
        do throws(FieldError) {
            lifetime = try fields.ttl.map { ttl throws(FieldError) in
                try Duration(text: ttl, allowed: Self.lifetimes, field: "ttl")
            }
        } catch {
            throw Self.malformed("\(error).")
        }
    }

    /// Returns the problem of a body.
    static func malformed(_ detail: String) -> Problem {
        Problem(status: 400, title: "The body is malformed", detail: detail)
    }
}
