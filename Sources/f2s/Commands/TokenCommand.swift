import ArgumentParser
import F2SAccess
import F2SModel
import Glibc

/// `f2s token`: the credentials of the callers of F2S.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Manage the credentials of the callers of F2S.",
        subcommands: [Create.self, List.self, Revoke.self, Hash.self])

    /// `f2s token hash`: hashes a password for the settings.
    struct Hash: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "hash", abstract: "Read a password and print its hash, for f2s.auth.basic.",
            discussion: """
                The password is one line of standard input. On a terminal it is not shown.

                printf %s "$PASSWORD" | f2s token hash
                """)

        func run() async throws {
            guard let password = PasswordInput.read(), !password.isEmpty else {
                throw CommandFailure("there is no password: write it as one line to standard input")
            }
            try Terminal.write("\(PasswordHash(of: password))\n")
        }
    }
}

/// Reads a password from standard input.
private enum PasswordInput {
    /// Returns the next line without its end; `nil` if there is none. On a terminal it asks for the line, which is not
    /// shown.
    static func read() -> String? {
        guard isatty(STDIN_FILENO) == 1 else { return readLine() }
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else { return readLine() }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            Terminal.remark("")
        }
        Terminal.remark("Password:")
        return readLine()
    }
}
