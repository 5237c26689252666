/// Why a store did not do what it was asked.
public enum StoreError: Error, Sendable, Hashable {
    /// The name is taken.
    case alreadyExists(FunctionName)
    /// No such function.
    case notFound(FunctionName)
    /// Somebody else has changed it since; `current` is the stored version.
    case conflict(current: StoreRevision)
    /// It is declared in a place that is not ours to rewrite.
    case readOnly(FunctionName, place: String, line: Int?)
    /// The values were refused.
    case invalid([FieldComplaint])
    /// The store cannot be reached or written; worth a retry.
    case unavailable(String)

    /// The problem document for it: status and sentences in one place.
    public var problem: Problem {
        switch self {
        case .alreadyExists(let name):
            Problem(
                status: 409, title: "The name is taken",
                detail: "A function \(name) exists. PUT it to change it, or choose another name.", function: name)
        case .notFound(let name):
            Problem(
                status: 404, title: "No such function",
                detail: "No function is named \(name). `f2s list` shows every name.", function: name)
        case .conflict(let current):
            Problem(
                status: 412, title: "Somebody else has changed it",
                detail:
                    "The stored version is \"\(current)\". Read it again, apply your change, send its ETag as If-Match."
            )
        case .readOnly(let name, let place, let line):
            Problem(
                status: 409, title: "The manifest was written by hand",
                detail:
                    "\(name) is declared in \(place)\(line.map { ":\($0)" } ?? ""). Edit that file: F2S rewrites only "
                    + "files that it has made.", function: name)
        case .invalid(let complaints):
            Problem(
                status: 422, title: "The declaration is refused",
                detail: complaints.map(\.description).joinedClauses, errors: complaints.map(\.description))
        case .unavailable(let reason):
            Problem(status: 503, title: "The store is not available", detail: "\(reason). Retry in a moment.")
        }
    }
}
