import ProcessSupport
import Testing

/// Compiles the function of the tests.
enum FunctionCompiler {
    struct Failed: Error, CustomStringConvertible {
        let output: String
        var description: String { "cc cannot compile the function of the tests. `make test` installs it.\n\(output)" }
    }

    /// Compiles the function into `folder` and returns its path. It is linked statically if the C library allows it, so
    /// that measurements do not include a loader.
    static func compile(into folder: String) throws -> String {
        try Files.write(FunctionSource.c, to: folder + "/function.c")
        return try compile(folder + "/function.c", to: folder + "/function")
    }

    /// Compiles a C file and returns the path of the program.
    static func compile(_ source: String, to program: String) throws -> String {
        let output = program + ".txt"
        for linking in [["-static"], []] {
            let compiler = try ChildProcess(
                ["cc", "-O2", "-pthread"] + linking + ["-o", program, source], output: output, errors: output)
            if try compiler.waitForEnd(within: .seconds(60)) == 0 { return program }
        }
        throw Failed(output: try Files.read(output))
    }
}
