import F2SModel

/// An error that prevents the objects of a function from being as desired.
enum WorkloadError: Error, Sendable, Hashable, CustomStringConvertible {
    /// An object that F2S does not own has that name.
    case nameTaken(kind: String, namespace: String, name: String)
    /// The API server rejected the request; worth a retry once the function, the cluster or F2S's permissions have
    /// changed.
    case refused(reason: String, message: String)
    /// The API server could not be reached, or the objects changed meanwhile; worth a retry.
    case unsettled(String)
    /// The function has no image that Kubernetes could run.
    case noImage(FunctionName)
    /// The function has source text, and its runtime has no image.
    case noRuntimeImage(FunctionName, SourceCode.Runtime)
    /// The function names a Secret that functions may not use.
    case secretNotAllowed(String)
    /// The function names a Secret that F2S has written for another function.
    case secretOfFunction(String, owner: String)

    /// A message with the problem, the object and the remedy.
    var description: String {
        switch self {
        case .nameTaken(let kind, let namespace, let name):
            "The namespace \(namespace) contains a \(kind) \(name) that F2S does not own, so F2S does not change it. "
                + "Rename the function, or delete that \(kind)."
        case .refused(_, let message):
            "The API server rejects an object of the function: \(message.sentence) Correct the function, or give F2S "
                + "the permission."
        case .unsettled(let reason): reason.sentence
        case .noImage(let name):
            "\(name) has a command but no image, and Kubernetes runs images. Add target.containerImage."
        case .noRuntimeImage(let name, let runtime):
            "\(name) has no image, and there is none for the runtime \(runtime.rawValue). Add "
                + "target.containerImage, or set f2s.runtimes.\(runtime.rawValue).image: \(Self.needs(of: runtime))."
        case .secretNotAllowed(let name):
            "Functions may not name the Secret \(name). Name another one, or have it added to f2s.allowed_secrets."
        case .secretOfFunction(let name, let owner):
            "Only the function \(owner) may name the Secret \(name), because it was written for that function. Write "
                + "one for this function, or create one with kubectl."
        }
    }

    private static func needs(of runtime: SourceCode.Runtime) -> String {
        switch runtime {
        case .python, .node: "an image with the program \(runtime.interpreter)"
        case .shell: "an image with the programs sh and f2s"
        }
    }

    /// The reasons that only the leader can report, because only the leader writes objects. For a rejected write they
    /// are the reasons of the API server.
    static let reasons: Set<String> = [
        "NameTaken", "NoImage", "NoRuntimeImage", "SecretNotAllowed", "Forbidden", "Invalid", "BadRequest", "NotFound",
    ]

    /// Returns the start failure for callers that wait for a replica, or `nil` if F2S just repeats the write.
    func startFailure(of revision: Revision, attempts: Int, at wall: Double) -> StartFailure? {
        let reason: String
        switch self {
        case .nameTaken: reason = "NameTaken"
        case .refused(let word, _): reason = word
        case .noImage: reason = "NoImage"
        case .noRuntimeImage: reason = "NoRuntimeImage"
        case .secretNotAllowed, .secretOfFunction: reason = "SecretNotAllowed"
        case .unsettled: return nil
        }
        return StartFailure(
            stage: stage, reason: reason, message: description, revision: revision,
            attempts: attempts, nextAttempt: wall + 30, retryAfterSeconds: 30)
    }

    private var stage: Stage {
        switch self {
        case .noImage, .noRuntimeImage: .image
        case .secretNotAllowed, .secretOfFunction: .start
        case .nameTaken, .refused, .unsettled: .scale
        }
    }

    /// Converts an error of the API.
    init(_ error: KubernetesError) {
        guard case .status(let code, let reason, let message, _) = error, (400..<500).contains(code),
            ![401, 408, 409, 410, 429].contains(code)
        else {
            self = .unsettled("\(error)")
            return
        }
        self = .refused(reason: reason.isEmpty ? "Refused" : reason, message: message)
    }
}
