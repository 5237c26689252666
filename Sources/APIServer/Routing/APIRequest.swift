import F2SModel
import HTTPTypes
import Hummingbird
import NIOCore

/// A request as handlers see it: its body is there, its caller is known.
struct APIRequest: Sendable {
    /// The request, whose body has been read; only a stream needs it, to learn that the client has left.
    let underlying: Request
    /// The whole body.
    let body: ByteBuffer
    /// Path parameters by name.
    let parameters: [String: String]
    /// Who calls.
    let principal: Principal

    /// Host and port by which the sender knows F2S.
    var authority: String? { underlying.head.authority }

    /// A header's value; several lines of one name are joined by commas.
    func header(_ name: HTTPField.Name) -> String? { underlying.headers[name] }

    /// A header without a name in swift-http-types.
    func header(named name: String) -> String? { HTTPField.Name(name).flatMap { underlying.headers[$0] } }

    /// The function's name in the path.
    /// - Throws: a ``Problem`` with status 404 when no function can have that name.
    func functionName() throws(Problem) -> FunctionName {
        do throws(FieldComplaint) {
            return try FunctionName(parameters["name"] ?? "", field: "the name in the path")
        } catch {
            throw Problem(status: 404, title: "No such function", detail: "\(error).")
        }
    }

    /// A parameter of the query; present without a value it is an empty text.
    func query(_ name: String) -> String? { underlying.uri.queryParameters[name[...]].map { String($0) } }

    /// A parameter that is true or false; present without a value it is true.
    /// - Throws: a ``Problem`` with status 400 for any other value.
    func flag(_ name: String, default standard: Bool) throws(Problem) -> Bool {
        guard let value = query(name) else { return standard }
        switch value.lowercased() {
        case "", "true", "1": return true
        case "false", "0": return false
        default: throw Self.malformed(name, value, requirement: "be true or false")
        }
    }

    /// A parameter that is a whole number.
    /// - Throws: a ``Problem`` with status 400 for anything else.
    func number(_ name: String, default standard: Int, allowed: ClosedRange<Int>) throws(Problem) -> Int {
        guard let value = query(name) else { return standard }
        guard let number = Int(value), allowed.contains(number) else {
            let requirement = "be a whole number from \(allowed.lowerBound) to \(allowed.upperBound)"
            throw Self.malformed(name, value, requirement: requirement)
        }
        return number
    }

    /// The form of the answer: `?output=json` or `?output=yaml` before the Accept header.
    /// - Throws: a ``Problem`` with status 400 for another `output`.
    func output() throws(Problem) -> MediaType {
        switch query("output") {
        case nil: return AcceptHeader(header(.accept)).preferred(of: [.json, .yaml])
        case "json": return .json
        case "yaml": return .yaml
        case .some(let value): throw Self.malformed("output", value, requirement: "be json or yaml")
        }
    }

    private static func malformed(_ name: String, _ value: String, requirement: String) -> Problem {
        let complaint = FieldComplaint(field: "the query parameter \(name)", value: value, requirement: requirement)
        return Problem(
            status: 400, title: "The query is malformed", detail: "\(complaint).", errors: [complaint.description])
    }
}
