import Glibc

/// The folders that the tests of several targets use.
package enum TestEnvironment {
    /// The folder of Package.swift.
    package static var repository: String {
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    }

    /// The folder of `scripts/servers`.
    package static var servers: String {
        getenv("F2S_SERVERS").map { String(cString: $0) } ?? repository + "/.build/servers"
    }
}
