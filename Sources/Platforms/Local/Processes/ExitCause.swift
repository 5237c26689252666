import CLinux
import F2SModel
import F2SSystem
import Glibc

/// The cause for which a program ended before it listened, as far as the state of the machine shows it.
enum ExitCause: Sendable, Hashable {
    /// The program does not exist in any of `locations`. `isInFolder`: the manifest's folder has a file of that name.
    case missing(program: String, locations: [String], isInFolder: Bool)
    /// The program is a folder.
    case folder(path: String)
    /// The first line of the file names an interpreter that does not exist.
    case missingInterpreter(file: String, interpreter: String)
    /// The lines of the file end with CR LF, and an interpreter reads the CR as part of a name.
    case carriageReturns(file: String)
    /// The program tried to listen on a port that is in use instead of the port that it was given.
    case fixedPort(Int, isOfF2S: Bool)
}

/// A search for the cause at the moment of a program's end.
struct ExitCauseSearch {
    /// The command as it was started.
    let command: [String]
    /// The folder to which relative paths refer.
    let folder: String
    /// The folders in which programs are searched.
    let searchPath: [String]

    private static let shells: Set = ["sh", "bash", "dash", "ash", "ksh", "zsh"]
    private static let headBytesMax = 4096

    /// Creates a search for the command with which the launch was started.
    init(_ launch: LaunchSpec, environment: [String: String], port: Int) {
        command = launch.arguments(port: port)
        folder = launch.workingFolder ?? "."
        searchPath = (environment["PATH"] ?? "").split(separator: ":").map { String($0) }
    }

    /// Returns the cause; `nil` if none is found.
    /// - Parameters:
    ///   - port: The port that the program was given.
    ///   - saysInUse: True if the program has logged that an address is in use.
    ///   - own: Returns the inodes of F2S's own sockets.
    func cause(
        status: Int, port: Int, saysInUse: Bool, logTail: [String], listeners: [ListeningPort], own: () -> [UInt64]
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
                let locations = program.contains("/") ? [absolute(program)] : searchPath
                let isInFolder = !program.contains("/") && Self.kind(of: absolute(program)) == S_IFREG
                return .missing(program: program, locations: locations, isInFolder: isInFolder)
            }
            if hasCarriageReturns(file) { return .carriageReturns(file: file) }
            return interpreter(of: file).flatMap {
                access($0, X_OK) == 0 ? nil : .missingInterpreter(file: file, interpreter: $0)
            } ?? script
        case 0: return nil
        default: return script
        }
    }

    /// The cause if the command is a shell with a script whose lines end with CR LF; otherwise `nil`.
    private var script: ExitCause? {
        guard let name = command.first?.split(separator: "/").last, Self.shells.contains(String(name)),
            let argument = command.dropFirst().first(where: { !$0.hasPrefix("-") })
        else { return nil }
        let file = absolute(argument)
        return hasCarriageReturns(file) ? .carriageReturns(file: file) : nil
    }

    /// Returns a port that the log or the command mentions and on which a process listens.
    private func fixedPort(besides own: Int, logTail: [String], listeners: [ListeningPort]) -> ListeningPort? {
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

    /// Returns the first line without its LF; `nil` if the file has none or cannot be read.
    private func firstLine(of path: String) -> String? {
        guard Self.kind(of: path) == S_IFREG,
            let head = try? ReadableFile.read(path, bytesMax: Self.headBytesMax)
        else { return nil }
        return head.firstIndex(of: UInt8(ascii: "\n")).map { String(decoding: head[..<$0], as: UTF8.self) }
    }

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}

extension ExitCause {
    /// The machine-readable reason; `nil` if the exit status already gives it.
    var reason: String? {
        switch self {
        case .missing, .folder: nil
        case .missingInterpreter: "MissingProgram"
        case .carriageReturns: "CarriageReturns"
        case .fixedPort: "PortInUse"
        }
    }

    /// The failure and the advice, as one or two sentences.
    var words: String {
        switch self {
        case .missing(let program, let locations, let isInFolder):
            if isInFolder {
                "`\(program)` is not in the PATH; the manifest's folder has a file of that name: write "
                    + "`./\(program)`, or the name of its interpreter in front of it."
            } else if program.contains("/") {
                "There is no file \(locations.joined()); a relative path with a slash starts at the manifest's folder. "
                    + "Correct target.command, or put the program there."
            } else {
                "`\(program)` is in none of \(locations.joined(separator: ", ")). Install it, or write the whole path."
            }
        case .folder(let path): "\(path) is a folder. Name the program in it."
        case .missingInterpreter(let file, let interpreter):
            "The first line of \(file) names the interpreter \(interpreter), which is not there. Install it, or "
                + "correct that line."
        case .carriageReturns(let file):
            "The lines of \(file) end with CR LF, as on Windows, and the CR becomes part of a name. Convert the file: "
                + "sed -i 's/\\r$//' \(file)"
        case .fixedPort(let port, let isOfF2S):
            "It tries to use port \(port), which \(isOfF2S ? "F2S itself" : "another program") uses. It must listen on "
                + "the port in the variable PORT; `$(PORT)` in target.command passes that on as an argument."
        }
    }
}
