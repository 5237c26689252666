import F2SManifest
import F2SModel

/// The functions in the files of the option `-f`.
struct Manifests {
    /// The maximum size of one file in bytes.
    private static let fileBytesMax = 64 << 20

    /// The functions, in the order of the files.
    let drafts: [FunctionDraft]

    /// Reads every file. The path `-` is standard input.
    /// - Throws: ``CommandFailure`` after it has reported each error of the manifests on its own line.
    init(_ paths: [String], purpose: String) throws {
        var drafts: [FunctionDraft] = []
        var rejections = 0
        for path in paths {
            let location = path == "-" ? "standard input" : path
            let contents = ManifestReader().read(
                try InputFile(path).all(bytesMax: Self.fileBytesMax), location: location)
            drafts += contents.documents.map(\.draft)
            for rejection in contents.rejections { Terminal.printError(rejection.description) }
            rejections += contents.rejections.count
        }
        guard rejections == 0 else {
            throw CommandFailure("nothing was \(purpose): correct the manifest and try again")
        }
        guard !drafts.isEmpty else {
            throw CommandFailure(
                "there is no function in \(paths.joined(separator: ", ")): name a file with a manifest")
        }
        for draft in drafts {
            guard let command = draft.target.command,
                let advice = CommandAdvice.advice(on: command, variables: draft.target.environment.keys)
            else { continue }
            Terminal.remark("f2s: warning: \(draft.name): \(advice)")
        }
        self.drafts = drafts
    }
}
