import F2SModel

/// Why the objects of a function are not as they should be.
enum WorkloadError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Somebody else has an object of that name.
    case nameTaken(kind: String, namespace: String, name: String)
    /// The API server refuses what it was asked; worth a retry once somebody has changed something.
    case refused(reason: String, message: String)
    /// It could not be asked, or the objects changed meanwhile; worth a retry.
    case unsettled(String)
    /// There is nothing that Kubernetes could run.
    case noImage(FunctionName)
    /// It names a Secret that functions may not have.
    case secretNotAllowed(String)

    /// What happened, to what, and what to do.
    var description: String {
        switch self {
        case .nameTaken(let kind, let namespace, let name):
            "There is a \(kind) \(name) in \(namespace) that is not F2S's, so it is left alone. Rename the function, "
                + "or remove that \(kind)."
        case .refused(_, let message):
            "The API server refuses what the function needs: \(message.sentence) Correct the function, or let F2S do "
                + "this."
        case .unsettled(let reason): reason.sentence
        case .noImage(let name):
            "\(name) has a command but no image, and Kubernetes runs images. Add target.containerImage."
        case .secretNotAllowed(let name):
            "Functions may not name the Secret \(name). Name another one in target.secrets, or have its name added to "
                + "f2s.allowed_secrets."
        }
    }

    /// Words that only the one who writes can know; what the API server says is one of its own few.
    static let reasons: Set<String> = [
        "NameTaken", "NoImage", "SecretNotAllowed", "Forbidden", "Invalid", "BadRequest", "NotFound",
    ]

    /// What those who wait for a replica are told; `nil`: nothing, it is tried again.
    func trouble(of revision: Revision, attempts: Int, at wall: Double) -> StartTrouble? {
        let reason: String
        switch self {
        case .nameTaken: reason = "NameTaken"
        case .refused(let word, _): reason = word
        case .noImage: reason = "NoImage"
        case .secretNotAllowed: reason = "SecretNotAllowed"
        case .unsettled: return nil
        }
        return StartTrouble(
            stage: stage, reason: reason, message: description, revision: revision,
            attempts: attempts, nextAttempt: wall + 30, retryAfterSeconds: 30)
    }

    private var stage: Stage {
        switch self {
        case .noImage: .image
        case .secretNotAllowed: .start
        case .nameTaken, .refused, .unsettled: .scale
        }
    }

    /// What an error of the API means here.
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
