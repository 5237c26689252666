import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The time limit of the shutdown of F2S.
    @Suite struct Deadline {
        /// A library that replaces two functions of the C library. `nanosleep` writes its whole seconds to the file
        /// $WAITS and sleeps a tenth of its time. `rmdir`, the last call of F2S before it ends, never returns, as in a
        /// file system that does not respond.
        private static let library = #"""
            #define _GNU_SOURCE
            #include <errno.h>
            #include <fcntl.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <time.h>
            #include <unistd.h>

            int nanosleep(const struct timespec *time, struct timespec *left) {
                (void)left;
                int file = open(getenv("WAITS"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
                if (file >= 0) {
                    dprintf(file, "%lld\n", (long long)time->tv_sec);
                    close(file);
                }
                struct timespec end;
                clock_gettime(CLOCK_MONOTONIC, &end);
                long long total = (time->tv_sec * 1000000000LL + time->tv_nsec) / 10 + end.tv_nsec;
                end.tv_sec += total / 1000000000;
                end.tv_nsec = total % 1000000000;
                while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR) {}
                return 0;
            }

            int rmdir(const char *path) {
                (void)path;
                for (;;) pause();
            }
            """#

        private func compile(into folder: String) throws -> String {
            let (source, library, output) = (folder + "/slow.c", folder + "/slow.so", folder + "/cc.txt")
            try Files.write(Self.library, to: source)
            let compiler = try ChildProcess(
                ["cc", "-O1", "-shared", "-fPIC", "-o", library, source], output: output, errors: output)
            defer { compiler.end() }
            let status = try compiler.waitForEnd(within: .seconds(60))
            try #require(status == 0, "\((try? Files.read(output)) ?? "")")
            return library
        }

        /// - Parameter delay: The shutdown delay in seconds. With 1 second, the end of the shutdown hangs; with 20
        ///   seconds, replicas still run at the deadline.
        @Test(arguments: [1, 20])
        func `a shutdown that takes too long is ended together with the replicas`(delay: Int) async throws {
            let home = try TemporaryFolder()
            defer { home.remove() }
            let waits = home.path + "/waits"
            let environment = ["LD_PRELOAD=\(try compile(into: home.path))", "WAITS=\(waits)"]
            let settings = "f2s:\n  shutdown_delay: \(delay)000\n  limits:\n    drain_timeout: 1000\n"
            let function = try FunctionManifest("steady").with { $0.idle = "600s" }
            try await F2SServer.serve([function], settings: settings, environment: environment) { f2s in
                try eventually("steady answers") { try f2s.get("/invoke/steady").status == 200 }
                let family = f2s.family
                let begun = ContinuousClock.now
                f2s.process.send(signal: SIGTERM)
                let status = try f2s.process.waitForEnd(within: .seconds(4 * EndToEndSerial.timeout))
                report(8, "a shutdown that hangs: exit status \(status) after \(ContinuousClock.now - begun)")
                #expect(status == 75)
                #expect(f2s.log.contains("f2s did not shut down in time and is ended now.\n"))
                // The sum in docs/guide/settings.md: the delay, twice the drain timeout, and 15 s.
                #expect(try Files.read(waits).split(separator: "\n").contains("\(delay + 17)"))
                try eventually("nothing of it is left") { ProcessTable.running(family).isEmpty }
            }
        }
    }
}
