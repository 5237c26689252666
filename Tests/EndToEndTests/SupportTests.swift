import Glibc
import ProcessSupport
import Testing

/// Tests of the tests' own support. They run beside the others, so a fault in it spoils the results of any test.
@Suite struct SupportTests {
    @Test func `a refused connection closes its descriptor once`() async throws {
        let port = try freePort()
        let isOver = Flag()
        // A descriptor that is closed twice may be that of another thread at the second time.
        let other = Task.detached(executorPreference: ThreadPerJob()) {
            var lost = 0
            while !isOver.isRaised {
                let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
                if close(descriptor) != 0 { lost += 1 }
            }
            return lost
        }
        for _ in 0..<20_000 {
            #expect(throws: HTTPConnection.Failure.self) { try HTTPConnection(port: port) }
        }
        isOver.raise()
        let lost = await other.value
        #expect(lost == 0, "descriptors of another thread were closed")
    }

    @Test func `a process that has been waited for gets no further signal`() throws {
        let process = try ChildProcess(["/bin/sh", "-c", "exit 3"])
        #expect(try process.waitForEnd(within: .seconds(30)) == 3)
        #expect(try process.endIfOver() == 3, "the status stays")
        // Its number may be that of another process by now.
        #expect(!process.send(signal: SIGKILL))
        process.end()
    }
}
