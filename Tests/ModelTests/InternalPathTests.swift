import F2SModel
import Testing

@Suite struct InternalPathTests {
    // Processes of two versions run together during an upgrade, and pods keep the hook that they were created with.
    @Test(arguments: [
        (InternalPath.drain(Function.ID("1234-abcd")), "/drain/1234-abcd"), (.cordon, "/cordon"), (.load, "/load"),
        (.leader, "/leader"), (.events, "/events"),
    ])
    func `a path has the text that other versions know`(path: InternalPath, text: String) {
        #expect(path.text == text)
        #expect(InternalPath(text) == path)
    }

    @Test(arguments: [
        ("//drain/a", InternalPath.drain(Function.ID("a"))), ("/drain//a/", .drain(Function.ID("a"))),
        ("//load", .load), ("/drain/drain", .drain(Function.ID("drain"))), ("/drain/load", .drain(Function.ID("load"))),
    ])
    func `empty segments are ignored`(text: String, path: InternalPath) {
        #expect(InternalPath(text) == path)
    }

    @Test(arguments: [
        "", "/", "/drain", "/drain/", "//drain//", "/drain/a/b", "/load/a", "/Load", "/cordon?a", "/invoke/a",
        "/%6coad",
    ])
    func `any other path is rejected`(text: String) {
        #expect(InternalPath(text) == nil)
    }
}
