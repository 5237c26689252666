import CLinux
import F2SModel
import Glibc

/// What the machine shows about a program that has ended before it listened, beyond its exit status.
enum ExitCause: Sendable, Hashable {
    /// There is no such file. `places`: where it was looked for.
    case missing(program: String, places: [String], isInFolder: Bool)
    /// It is a folder.
    case folder(path: String)
    /// Its first line names an interpreter that is not there.
    case missingInterpreter(file: String, interpreter: String)
    /// Its lines end with CR LF, and an interpreter takes the CR for a part of a name.
    case carriageReturns(file: String)
    /// It wants a port that is in use, and not the one that it was given.
    case fixedPort(Int, isOfF2S: Bool)
}

/// Looks for the cause at the moment of the end.
struct ExitCauseSearch {
    /// The command as it was started.
    let command: [String]
    /// Where relative paths begin.
    let folder: String
    /// Folders in which programs are looked for.
    let searchPath: [String]

    private static let shells: Set = ["sh", "bash", "dash", "ash", "ksh", "zsh"]
    private static let headBytesMax = 4096

    /// A search for what the launch was started with.
    init(_ launch: Launch, environment: [String: String], port: Int) {
        command = launch.arguments(port: port)
        folder = launch.workingFolder ?? "."
        searchPath = (environment["PATH"] ?? "").split(separator: ":").map { String($0) }
    }

    /// What is to be seen; `nil`: nothing.
    /// - Parameters:
    ///   - port: the port that the program was given.
    ///   - saysInUse: whether it has written that an address is in use.
    func cause(
        status: Int, port: Int, saysInUse: Bool, logTail: [String], listeners: [Listener], own: () -> [UInt64]
    ) -> ExitCause? {
        guard let program = command.first else { return nil }
        if saysInUse, let fixed = fixedPort(besides: port, logTail: logTail, listeners: listeners) {
            return .fixedPort(fixed.port, isOfF2S: own().contains(fixed.inode))
        }
        let file = find(program)
        switch status {
        case 126:
            return file.flatMap { Self.kind(of: $0) == S_IFDIR ? .folder(path: $0) : nil }
        case 127:
            guard let file else {
                let places = program.contains("/") ? [absolute(program)] : searchPath
                let isInFolder = !program.contains("/") && Self.kind(of: absolute(program)) == S_IFREG
                return .missing(program: program, places: places, isInFolder: isInFolder)
            }
            if hasCarriageReturns(file) { return .carriageReturns(file: file) }
            return interpreter(of: file).flatMap {
                access($0, X_OK) == 0 ? nil : .missingInterpreter(file: file, interpreter: $0)
            } ?? script
        case 0: return nil
        default: return script
        }
    }

    /// A file that a shell was told to run, and whose lines end with CR LF.
    private var script: ExitCause? {
        guard let name = command.first?.split(separator: "/").last, Self.shells.contains(String(name)),
            let argument = command.dropFirst().first(where: { !$0.hasPrefix("-") })
        else { return nil }
        let file = absolute(argument)
        return hasCarriageReturns(file) ? .carriageReturns(file: file) : nil
    }

    /// A port of the command or of what was written that somebody listens on.
    private func fixedPort(besides own: Int, logTail: [String], listeners: [Listener]) -> Listener? {
        for text in logTail.reversed() + command.reversed() {
            for number in text.split(whereSeparator: { !$0.isASCII || !$0.isNumber }).compactMap({ Int($0) })
            where number != own {
                if let listener = listeners.first(where: { $0.port == number }) { return listener }
            }
        }
        return nil
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }

    private func find(_ program: String) -> String? {
        let candidates = program.contains("/") ? [absolute(program)] : searchPath.map { "\($0)/\(program)" }
        return candidates.first { access($0, F_OK) == 0 }
    }

    private func hasCarriageReturns(_ file: String) -> Bool { firstLine(of: file)?.hasSuffix("\r") ?? false }

    private func interpreter(of file: String) -> String? {
        guard let line = firstLine(of: file), line.hasPrefix("#!") else { return nil }
        return line.dropFirst(2).split(separator: " ").first.map { String($0) }
    }

    /// The first line without its LF; `nil` when the file has none or cannot be read.
    private func firstLine(of path: String) -> String? {
        guard Self.kind(of: path) == S_IFREG else { return nil }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var count = 0
        let head = [UInt8](unsafeUninitializedCapacity: Self.headBytesMax) { buffer, filled in
            count = read(file, buffer.baseAddress, buffer.count)
            filled = max(0, count)
        }
        return head.firstIndex(of: UInt8(ascii: "\n")).map { String(decoding: head[..<$0], as: UTF8.self) }
    }

    private static func kind(of path: String) -> mode_t? {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts.st_mode & S_IFMT : nil
    }
}

extension ExitCause {
    /// One word for programs, where the exit status does not say it already.
    var reason: String? {
        switch self {
        case .missing, .folder: nil
        case .missingInterpreter: "MissingProgram"
        case .carriageReturns: "CarriageReturns"
        case .fixedPort: "PortInUse"
        }
    }

    /// What is wrong and what to do, as one or two sentences.
    var words: String {
        switch self {
        case .missing(let program, let places, let isInFolder):
            if isInFolder {
                "`\(program)` is no program of the PATH; the manifest's folder has a file of that name: write "
                    + "`./\(program)`, or the name of its interpreter in front of it."
            } else if program.contains("/") {
                "There is no file \(places.joined()); a relative path with a slash starts at the manifest's folder. "
                    + "Correct target.command, or put the program there."
            } else {
                "`\(program)` is in none of \(places.joined(separator: ", ")). Install it, or write the whole path."
            }
        case .folder(let path): "\(path) is a folder. Name the program in it."
        case .missingInterpreter(let file, let interpreter):
            "The first line of \(file) names the interpreter \(interpreter), which is not there. Install it, or "
                + "correct that line."
        case .carriageReturns(let file):
            "The lines of \(file) end with CR LF, as Windows has it, and the CR is taken for a part of a name. Convert "
                + "it: sed -i 's/\\r$//' \(file)"
        case .fixedPort(let port, let isOfF2S):
            "It wants port \(port), which \(isOfF2S ? "F2S itself" : "another program") uses. It must listen on the "
                + "port in the variable PORT; `$(PORT)` in target.command passes that on as an argument."
        }
    }
}
