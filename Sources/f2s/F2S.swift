import ArgumentParser
import F2SLocal
import Glibc

/// The program `f2s`.
@main
enum F2S {
    /// Runs the command that the arguments name and ends with its exit status.
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        // The launcher forks every replica, so it must run before anything is parsed, a thread is started or a log is
        // opened. This function begins on the main thread and has not been suspended yet.
        if arguments.first == "launcher" { Launcher.run() }
        // The same holds for the parent, which only keeps the sockets open for the serving process.
        if let status = ServeParent.run(arguments) { exit(status) }
        exit(await CommandLineRun(arguments).exitStatus())
    }
}
