import F2SManifest
import F2SModel

/// The functions of the files behind `-f`.
struct Manifests {
    /// Bytes that are read of one file.
    private static let fileBytesMax = 64 << 20

    /// The functions in the order of the files.
    let drafts: [FunctionDraft]

    /// Reads every file, `-` being standard input.
    /// - Throws: ``CommandFailure`` after each mistake has been reported on a line of its own.
    init(_ paths: [String], purpose: String) throws {
        var drafts: [FunctionDraft] = []
        var refusals = 0
        for path in paths {
            let place = path == "-" ? "standard input" : path
            let contents = ManifestReader().read(try InputFile(path).all(bytesMax: Self.fileBytesMax), place: place)
            drafts += contents.documents.map(\.draft)
            for refusal in contents.refusals { Terminal.complain(refusal.description) }
            refusals += contents.refusals.count
        }
        guard refusals == 0 else {
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
