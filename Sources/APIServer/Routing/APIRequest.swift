import F2SModel
import HTTPTypes
import Hummingbird
import NIOCore

/// A request for a handler: its body was read and its caller is authenticated.
struct APIRequest: Sendable {
    /// The request whose body was read. Only a stream needs it, to detect that the client has disconnected.
    let underlying: Request
    /// The complete body.
    let body: ByteBuffer
    /// The path parameters by name.
    let parameters: [String: String]
    /// The caller.
    let principal: Principal
    /// The line of the audit log, to which a handler adds the user who signs in.
    let audit: RequestAudit
    /// The scheme and authority at which the client reaches `/invoke`, as far as the request tells it.
    let invocationOrigin: String?

    /// Returns a header's value; several lines of one name are joined by commas.
    func header(_ name: HTTPField.Name) -> String? { underlying.headers[name] }

    /// Returns a header's value by a name that swift-http-types does not define.
    func header(named name: String) -> String? { HTTPField.Name(name).flatMap { underlying.headers[$0] } }

    /// Returns the function's name in the path.
    /// - Throws: A ``Problem`` with status 404 if it is not a valid function name.
    func functionName() throws(Problem) -> FunctionName {
        do throws(FieldError) {
            return try FunctionName(parameters["name"] ?? "", field: "the name in the path")
        } catch {
            throw Problem(status: 404, title: "No such function", detail: "\(error).")
        }
    }

    /// Returns a query parameter. A parameter without a value is an empty text.
    func query(_ name: String) -> String? { underlying.uri.queryParameters[name[...]].map { String($0) } }

    /// Returns the values of a query parameter that may be repeated.
    func queries(_ name: String) -> [String] { underlying.uri.queryParameters[values: name[...]].map { String($0) } }

    /// Returns a query parameter that is true or false. A parameter without a value is true.
    /// - Throws: A ``Problem`` with status 400 for any other value.
    func flag(_ name: String, default standard: Bool) throws(Problem) -> Bool {
        guard let value = query(name) else { return standard }
        switch value.lowercased() {
        case "", "true", "1": return true
        case "false", "0": return false
        default: throw Self.malformed(name, value, requirement: "be true or false")
        }
    }

    /// Returns a query parameter that is a whole number.
    /// - Throws: A ``Problem`` with status 400 for any other value.
    func number(_ name: String, default standard: Int, allowed: ClosedRange<Int>) throws(Problem) -> Int {
        guard let value = query(name) else { return standard }
        guard let number = Int(value), allowed.contains(number) else {
            let requirement = "be a whole number from \(allowed.lowerBound) to \(allowed.upperBound)"
            throw Self.malformed(name, value, requirement: requirement)
        }
        return number
    }

    /// Returns a query parameter that is one of a few words.
    /// - Throws: A ``Problem`` with status 400 for any other value.
    func choice<Word: CaseIterable & RawRepresentable<String>>(
        _ name: String, default standard: Word
    ) throws(Problem) -> Word {
        guard let value = query(name) else { return standard }
        guard let word = Word(rawValue: value) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw Self.malformed(name, value, requirement: "be one of \(words)")
        }
        return word
    }

    /// Returns the format of the response: `?output=json` or `?output=yaml` has precedence over the Accept header.
    /// - Throws: A ``Problem`` with status 400 for another `output`.
    func output() throws(Problem) -> MediaType {
        switch query("output") {
        case nil: return AcceptHeader(header(.accept)).preferred(of: [.json, .yaml])
        case "json": return .json
        case "yaml": return .yaml
        case .some(let value): throw Self.malformed("output", value, requirement: "be json or yaml")
        }
    }

    private static func malformed(_ name: String, _ value: String, requirement: String) -> Problem {
        let error = FieldError(field: "the query parameter \(name)", value: value, requirement: requirement)
        return Problem(
            status: 400, title: "The query is malformed", detail: "\(error).", errors: [error.description])
    }
}

extension Principal {
    /// The name for the record of a change; `nil` for a caller that is not identified.
    var user: String? { self == .anonymous ? nil : name }

    /// Rejects a caller without the privilege for this function.
    /// - Throws: A ``Problem`` with status 403.
    func require(_ privilege: Privilege, on function: FunctionName) throws(Problem) {
        guard may(privilege, on: function.text) else { throw Problem.forbidden(privilege) }
    }
}

extension Problem {
    /// Returns the problem of a caller without a privilege.
    static func forbidden(_ privilege: Privilege) -> Problem {
        Problem(InvocationError.forbidden(privilege), function: nil)
    }
}
