import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The scheduling of the event loops beside other threads.
    @Suite struct LoopSlices {
        /// The length of a slice that ``f2s_shorten_slices()`` asks for, in nanoseconds.
        private static let shortest = 100_000

        /// Returns the slice of a thread in nanoseconds, or `nil` if this Linux does not show it.
        private static func slice(_ thread: String, of process: pid_t) -> Int? {
            let text = (try? Files.read("/proc/\(process)/task/\(thread)/sched")) ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("se.slice") }
            return line?.split(whereSeparator: { " :".contains($0) }).last.flatMap { Int($0) }
        }

        @Test(
            .enabled("this Linux has no slices of threads") { slice("\(getpid())", of: getpid()) != nil },
            arguments: [1, 2, 4])
        func `only the event loops have short slices`(loops: Int) async throws {
            try await F2SServer.serve([], settings: "f2s: {loops: \(loops)}") { f2s in
                let threads = Files.names(in: "/proc/\(f2s.process.id)/task")
                var shortened: [String] = []
                for thread in threads where Self.slice(thread, of: f2s.process.id) == Self.shortest {
                    shortened.append(try Files.read("/proc/\(f2s.process.id)/task/\(thread)/comm"))
                }
                #expect(shortened.sorted() == (0..<loops).map { "f2s-loop-\($0)\n" })
                #expect(threads.count > loops)
            }
        }
    }
}
