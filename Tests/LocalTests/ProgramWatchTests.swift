import F2SModel
import Testing

@testable import F2SLocal

/// Tests of `target.watch`, by which a changed file restarts a function.
@Suite struct ProgramWatchTests {
    @Test func `a changed file restarts its function once, after it has stayed the same for one scan`() throws {
        let folder = try TemporaryFolder()
        try folder.write("program.py", "one")
        try folder.write("hello.yaml", "{}")
        let name = try FunctionName("hello")
        var watch = ProgramWatch()
        func scan() -> [FunctionName] { watch.update([name: FolderState(folder.path, besides: ["hello.yaml"])]) }
        #expect(scan() == [], "the first scan sees no change")
        #expect(scan() == [])
        try folder.write("program.py", "two, and longer")
        #expect(scan() == [] && !watch.isStable, "it may be half written")
        try folder.write("program.py", "two, and longer still")
        #expect(scan() == [])
        #expect(scan() == [name])
        #expect(scan() == [] && watch.isStable)
        try folder.write("hello.yaml", "{} # the manifest speaks for itself")
        try folder.write("hello.log", "a line")
        #expect(scan() == [] && watch.isStable)
        #expect(watch.update([:]) == [], "it is no longer watched")
        #expect(scan() == [])
    }
}
