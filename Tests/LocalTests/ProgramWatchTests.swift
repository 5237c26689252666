import F2SModel
import Testing

@testable import F2SLocal

/// `target.watch`: which functions a changed file restarts.
@Suite struct ProgramWatchTests {
    @Test func `a changed file restarts its function once, when it has stayed the same for one look`() throws {
        let folder = try TemporaryFolder()
        try folder.write("program.py", "one")
        try folder.write("hello.yaml", "{}")
        let name = try FunctionName("hello")
        var watch = ProgramWatch()
        func look() -> [FunctionName] { watch.take([name: FolderState(folder.path, besides: ["hello.yaml"])]) }
        #expect(look() == [], "the first look sees no change")
        #expect(look() == [])
        try folder.write("program.py", "two, and longer")
        #expect(look() == [] && !watch.isSettled, "it may be half written")
        try folder.write("program.py", "two, and longer still")
        #expect(look() == [])
        #expect(look() == [name])
        #expect(look() == [] && watch.isSettled)
        try folder.write("hello.yaml", "{} # the manifest speaks for itself")
        try folder.write("hello.log", "a line")
        #expect(look() == [] && watch.isSettled)
        #expect(watch.take([:]) == [], "it is watched no more")
        #expect(look() == [])
    }
}
