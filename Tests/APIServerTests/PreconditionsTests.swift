import F2SModel
import Testing

@testable import F2SAPIServer

@Suite struct PreconditionsTests {
    private static let stored = StoreRevision("7")

    @Test(arguments: [
        (nil, nil, Preconditions.Order.changeOrCreate, Preconditions.Order.changeOrCreate),
        ("*", nil, .change(ifRevision: nil), .change(ifRevision: nil)),
        ("\"7\"", nil, .change(ifRevision: stored), .change(ifRevision: stored)),
        ("\"6\"", nil, .change(ifRevision: StoreRevision("6")), .change(ifRevision: StoreRevision("6"))),
        ("\"6\", \"7\"", nil, .change(ifRevision: stored), .refuse),
        ("\"5\",\"6\"", nil, .refuse, .refuse),
        ("W/\"7\"", nil, .refuse, .refuse),
        (nil, "*", .create, .create),
        (nil, "\"7\"", .refuse, .create),
        (nil, "\"6\"", .change(ifRevision: stored), .create),
        ("\"7\"", "*", .refuse, .refuse),
        ("*", "\"6\"", .change(ifRevision: stored), .refuse),
    ])
    func `conditions become one order to the store`(
        match: String?, noneMatch: String?, whenStored: Preconditions.Order, whenAbsent: Preconditions.Order
    ) throws {
        let conditions = try Preconditions(ifMatch: match, ifNoneMatch: noneMatch)
        #expect(conditions.order(stored: Self.stored) == whenStored)
        #expect(conditions.order(stored: nil) == whenAbsent)
        if !conditions.needStored { #expect(whenStored == whenAbsent) }
    }

    @Test(arguments: ["7", "\"7", "\"7\" \"8\"", "W/7", "", ",", "\"7\",", "**"])
    func `a value that is no entity tag is rejected with 400`(value: String) {
        #expect { try Preconditions(ifMatch: value, ifNoneMatch: nil) } throws: { ($0 as? Problem)?.status == 400 }
        #expect { try Preconditions(ifMatch: nil, ifNoneMatch: value) } throws: { ($0 as? Problem)?.status == 400 }
    }

    @Test func `a tag may contain a comma`() {
        #expect(EntityTags(" \"a,b\" , \"c\"\t") == .versions([StoreRevision("a,b"), StoreRevision("c")]))
    }
}
