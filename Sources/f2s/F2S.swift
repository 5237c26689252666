import ArgumentParser
import F2SLocal
import Glibc

/// The program.
@main
enum F2S {
    /// Runs the command that the arguments name and ends with its exit status.
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        // Stands before all else, because it forks every replica: nothing is parsed, no thread is started, no log is
        // opened. This function begins on the main thread and has not been suspended yet.
        if arguments.first == "launcher" { Launcher.run() }
        // Neither has a process that only holds sockets for the one that serves.
        if let status = ServeParent.run(arguments) { exit(status) }
        exit(await CommandLineRun(arguments).exitStatus())
    }
}
