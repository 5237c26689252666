/// The text files that are a function's program, and the runtime that runs them (`target.source`).
///
/// The files belong to the revision: a change of one rolls the function out.
public struct SourceCode: Sendable, Hashable {
    /// A program that serves a handler over HTTP. The raw value is the name in manifests.
    public enum Runtime: String, Sendable, Hashable, CaseIterable {
        /// Python 3.9 or newer.
        case python
        /// Node.js 18 or newer.
        case node
        /// A shell script, which `f2s wrap` runs once per invocation.
        case shell

        /// The handler if the manifest names none: a module and a function in it, or a script.
        public var handlerDefault: String { self == .shell ? "handler.sh" : "handler.handle" }

        /// The program that must exist where replicas run.
        public var interpreter: String {
            switch self {
            case .python: "python3"
            case .node: "node"
            case .shell: "sh"
            }
        }

        /// The suffixes of files with handlers.
        fileprivate var suffixes: [String] {
            switch self {
            case .python: ["py"]
            case .node: ["mjs", "js", "cjs"]
            case .shell: []
            }
        }
    }

    /// The runtime; `nil` if `target.command` says how to run the files (`runtime`).
    public let runtime: Runtime?
    /// The texts by the relative paths of their files (`files`).
    public let files: [String: String]
    /// The handler; `nil` for the runtime's default (`handler`).
    public let handler: String?
    /// A hash of the other members, as 16 hexadecimal digits. It makes the revision of a function cheap.
    public let digest: String

    /// The maximum number of files.
    public static let filesMax = 32
    /// The maximum size of all texts and paths together, in bytes.
    public static let bytesMax = 256 * 1024
    /// The maximum length of a path, in bytes.
    public static let pathBytesMax = 128

    /// Creates a source. ``FunctionDraft/fieldErrors()`` checks it.
    public init(runtime: Runtime?, files: [String: String], handler: String? = nil) {
        self.runtime = runtime
        self.files = files
        self.handler = handler
        var hash = StableHash()
        hash.add(list: [runtime?.rawValue ?? "", handler ?? runtime?.handlerDefault ?? ""])
        hash.add(list: files.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
        digest = hash.hexadecimal
    }

    /// The declared handler, or the runtime's default; `nil` without a runtime.
    public var handlerInForce: String? { runtime.map { handler ?? $0.handlerDefault } }
}

// MARK: - Start

extension SourceCode {
    /// The folder of the runtime's program, below the folder of the files. No file can have this name.
    private static let runtimeFolder = ".f2s"

    /// The path of the runtime's program, relative to the folder of the files; `nil` if there is none.
    public var programPath: String? {
        switch runtime {
        case .python: "\(Self.runtimeFolder)/serve.py"
        case .node: "\(Self.runtimeFolder)/serve.mjs"
        case .shell, nil: nil
        }
    }

    /// The path of the runtime's program in the folder `runtimes` of F2S's own source code; `nil` if there is none.
    public var embeddedProgram: String? {
        switch runtime {
        case .python: "python/serve.py"
        case .node: "node/serve.mjs"
        case .shell, nil: nil
        }
    }

    /// The command that serves the handler. It is run in the folder of the files, and `f2s` must be in the `PATH` for
    /// the runtime `shell`. `nil` without a runtime.
    public var command: [String]? {
        guard let runtime, let handler = handlerInForce else { return nil }
        guard let programPath else { return ["f2s", "wrap", "--", runtime.interpreter, handler] }
        return [runtime.interpreter, programPath, ".", handler]
    }
}

// MARK: - Validation

extension SourceCode {
    /// Returns an error for each invalid value.
    /// - Parameter command: `target.command`.
    func fieldErrors(command: [String]?) -> [FieldError] {
        filesErrors() + programErrors(command: command)
    }

    private func filesErrors() -> [FieldError] {
        var found: [FieldError] = []
        if !(1...Self.filesMax).contains(files.count) {
            found.append(
                FieldError(
                    field: "target.source.files", value: "\(files.count) files",
                    requirement: "contain 1 to \(Self.filesMax) files"))
        }
        let bytes = files.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if bytes > Self.bytesMax {
            found.append(
                FieldError(
                    field: "target.source.files", value: "\(bytes) bytes",
                    requirement: "have at most \(Self.bytesMax) bytes together; build an image for more"))
        }
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            if !Self.isPlain(path) {
                found.append(
                    FieldError(
                        field: "target.source.files", value: path,
                        requirement: "be named by relative paths of at most \(Self.pathBytesMax) letters, digits, "
                            + "'.', '_', '-' and '/', whose parts neither begin nor end with '.'"))
            } else if files.keys.contains(where: { $0.hasPrefix(path + "/") }) {
                found.append(
                    FieldError(
                        field: "target.source.files", value: path,
                        requirement: "not be the folder of another file, too"))
            }
            if text.utf8.contains(0) {
                found.append(
                    FieldError(
                        field: "target.source.files", value: path,
                        requirement: "be a text, without a zero byte; build an image for other files"))
            }
        }
        return found
    }

    /// Returns true for a path that names the same file on every platform, and none outside the folder.
    private static func isPlain(_ path: String) -> Bool {
        let isAllowed = path.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "._-/".utf8.contains(byte)
            }
        }
        return isAllowed && path.utf8.count <= pathBytesMax
            && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty && !part.hasPrefix(".") && !part.hasSuffix(".") && !part.contains("..")
            }
    }

    private func programErrors(command: [String]?) -> [FieldError] {
        guard let runtime else {
            var found: [FieldError] = []
            if command == nil {
                found.append(
                    FieldError(
                        field: "target.source.runtime", value: nil,
                        requirement: "be \(Self.runtimeNames), or target.command must say how to run the files"))
            }
            if let handler {
                found.append(
                    FieldError(
                        field: "target.source.handler", value: handler,
                        requirement: "be left out without target.source.runtime"))
            }
            return found
        }
        var found: [FieldError] = []
        if let command {
            found.append(
                FieldError(
                    field: "target.command", value: command.joined(separator: " "),
                    requirement: "be left out, because target.source.runtime runs the files"))
        }
        if let error = handlerError(runtime) { found.append(error) }
        return found
    }

    /// The names of the runtimes, for messages.
    public static let runtimeNames = Runtime.allCases.map(\.rawValue).joined(separator: ", ")

    private func handlerError(_ runtime: Runtime) -> FieldError? {
        let handler = handler ?? runtime.handlerDefault
        let (module, function) = Self.parts(of: handler)
        let candidates =
            runtime == .shell
            ? [handler]
            : runtime.suffixes.map { module.split(separator: ".").joined(separator: "/") + ".\($0)" }
        let isWellFormed = runtime == .shell || (Self.isName(function) && !module.isEmpty)
        guard isWellFormed else {
            return FieldError(
                field: "target.source.handler", value: handler,
                requirement: "be a module and a function in it, such as \(runtime.handlerDefault)")
        }
        guard !candidates.contains(where: { files[$0] != nil }) else { return nil }
        return FieldError(
            field: "target.source.handler", value: handler,
            requirement: "name one of the files; target.source.files has no "
                + candidates.joined(separator: ", "))
    }

    /// Returns the text before the last dot, and the text after it.
    private static func parts(of handler: String) -> (module: String, function: String) {
        guard let dot = handler.lastIndex(of: ".") else { return ("", handler) }
        return (String(handler[..<dot]), String(handler[handler.index(after: dot)...]))
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.first?.isNumber == false
            && text.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || "0123456789_$".unicodeScalars.contains($0)
            }
    }
}
