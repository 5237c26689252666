import Glibc
import ProcessSupport

/// Finds the f2s under test: the release build, because users run that.
enum F2SBinary {
    struct Missing: Error, CustomStringConvertible {
        let path: String
        var description: String {
            "There is no f2s to test at \(path). `make test` builds it and then runs these tests; "
                + "F2S_BINARY names another one."
        }
    }

    /// Returns the path in `F2S_BINARY`, else the release build of this repository.
    static func path() throws -> String {
        let path = getenv("F2S_BINARY").map { String(cString: $0) } ?? repository + "/.build/release/f2s"
        guard access(path, X_OK) == 0 else { throw Missing(path: path) }
        return path
    }

    /// The folder of Package.swift.
    static var repository: String { TestEnvironment.repository }
}
