/// The reason why a store rejected or failed a request.
public enum StoreError: Error, Sendable, Hashable {
    /// A function with this name already exists.
    case alreadyExists(FunctionName)
    /// There is no function with this name.
    case notFound(FunctionName)
    /// Another writer has changed the function meanwhile; `current` is the stored version.
    case conflict(current: StoreRevision)
    /// The declaration is in a location that F2S may not rewrite.
    case readOnly(FunctionName, location: String, line: Int?)
    /// Values of the declaration are invalid.
    case invalid([FieldError])
    /// The store cannot be reached or written. A retry may succeed.
    case unavailable(String)

    /// The problem document for this error, with status and sentences.
    public var problem: Problem {
        switch self {
        case .alreadyExists(let name):
            Problem(
                status: 409, title: "The name is already in use",
                detail: "A function \(name) exists. Change it with PUT, or choose another name.", function: name)
        case .notFound(let name):
            Problem(
                status: 404, title: "No such function",
                detail: "No function is named \(name). `f2s list` shows every name.", function: name)
        case .conflict(let current):
            Problem(
                status: 412, title: "The function has changed meanwhile",
                detail:
                    "The stored version is \"\(current)\". Read it again, apply your change, send its ETag as If-Match."
            )
        case .readOnly(let name, let location, let line):
            Problem(
                status: 409, title: "The manifest was written by hand",
                detail:
                    "\(name) is declared in \(location)\(line.map { ":\($0)" } ?? ""). Edit that file: F2S rewrites "
                    + "only files that it created.", function: name)
        case .invalid(let errors):
            Problem(
                status: 422, title: "The declaration is refused",
                detail: errors.map(\.description).joinedClauses, errors: errors.map(\.description))
        case .unavailable(let reason):
            Problem(status: 503, title: "The store is not available", detail: "\(reason). Retry in a moment.")
        }
    }
}
