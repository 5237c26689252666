import F2SModel
import Testing

@Suite struct GrantTests {
    @Test(arguments: Privilege.allCases)
    func `a privilege is read, and written as it was read`(privilege: Privilege) throws {
        #expect(try Grant(privilege.rawValue, field: "a") == Grant(privilege))
        #expect("\(Grant(privilege))" == privilege.rawValue)
        guard privilege.isAboutFunctions else { return }
        let narrowed = try Grant("\(privilege.rawValue)@team-a-*", field: "a")
        #expect(narrowed.privilege == privilege)
        #expect("\(narrowed)" == "\(privilege.rawValue)@team-a-*")
        for all in ["*", "**"] {
            #expect(try Grant("\(privilege.rawValue)@\(all)", field: "a") == Grant(privilege))
        }
    }

    @Test(arguments: [
        ("", "begin with one of"), ("functions", "begin with one of"), ("functions:read", "begin with one of"),
        ("Functions:list", "begin with one of"), ("functions:list@", "have a pattern"),
        ("functions:list@a b", "have a pattern"), ("functions:list@a@b", "have a pattern"),
        ("functions:list@Team", "have a pattern"), ("settings:view@a", "have no pattern"), ("@a", "begin with one of"),
    ])
    func `another text is rejected with the reason`(text: String, reason: String) {
        let error = #expect(throws: FieldError.self) {
            try Grant(text, field: "f2s.auth.authorization[0].privileges[1]")
        }
        #expect(error?.description.contains(reason) == true)
        #expect(error?.field == "f2s.auth.authorization[0].privileges[1]")
    }

    @Test func `a privilege holds for the functions that its pattern matches`() throws {
        let principal = Principal(
            name: "ann", grants: [try Grant("functions:invoke@team-a-*", field: "a"), Grant(.list)])
        #expect(principal.may(.invoke, on: "team-a-hello"))
        #expect(!principal.may(.invoke, on: "team-b-hello"))
        #expect(!principal.may(.invoke) && principal.maySometimes(.invoke))
        #expect(principal.may(.list) && principal.may(.list, on: "team-b-hello"))
        #expect(!principal.may(.delete, on: "team-a-hello") && !principal.maySometimes(.delete))
        for privilege in Privilege.allCases {
            #expect(Principal.anonymous.may(privilege) && Principal.anonymous.may(privilege, on: "any"))
        }
    }
}
