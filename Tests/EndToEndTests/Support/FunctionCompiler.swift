import ProcessSupport
import Testing

/// Compiles the function of the tests.
enum FunctionCompiler {
    struct Failed: Error, CustomStringConvertible {
        let output: String
        var description: String { "cc cannot compile the function of the tests. `make test` installs it.\n\(output)" }
    }

    /// Compiles into `folder` and returns the path. Static where the C library allows it: what is measured then is F2S
    /// and the kernel, not a loader.
    static func compile(into folder: String) throws -> String {
        try Files.write(FunctionSource.c, to: folder + "/function.c")
        return try compile(folder + "/function.c", to: folder + "/function")
    }

    /// Compiles a file of C.
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
