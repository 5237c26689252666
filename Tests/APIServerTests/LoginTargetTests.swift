import F2SModel
import TestSupport
import Testing

@testable import F2SAPIServer

/// The paths to which a sign-in at a function may lead, and the paths of its cookies.
@Suite struct LoginTargetTests {
    /// Texts that lead elsewhere, or that a browser and F2S may read differently.
    static let hostile = [
        "", "/", "report", "/other", "/functions", "/invokeX", "/invokeX/report", "//evil.example/invoke/report",
        "//invoke/report", #"/\evil.example"#, #"/invoke\report"#,
        "https://evil.example/invoke/report", "javascript:alert(1)", " /invoke/report", "/invoke/re port",
        "/invoke/report\t", "/invoke/report\r\nX: y", "/invoke/report\u{0}", "/invoke/\u{7F}", "/invoke/r\u{E9}port",
        "/invoke/../functions", "/invoke/report/..", "/invoke/./report", "/invoke/%2E%2e/functions",
        "/invoke/.%2e/functions", "/invoke/..?x=1", "/invoke/..#x",
        "/invoke/" + String(repeating: "a", count: FunctionLogin.targetBytesMax - 7),
    ]

    @Test(arguments: hostile) func `a path that may lead elsewhere is rejected`(text: String) throws {
        let problem = try #require(throws: Problem.self) { try LoginTarget(text) }
        #expect(problem.status == 400 && problem.detail.contains("/invoke/report"))
    }

    @Test(arguments: [
        "/invoke", "/invoke?x=1", "/invoke/", "/invoke/report", "/invoke/report?to=https://evil.example/../x",
        "/invoke//evil.example", "/invoke/...", "/invoke/a..b/%2f..%2f",
        "/invoke/" + String(repeating: "a", count: FunctionLogin.targetBytesMax - 8),
    ])
    func `a path of a function is accepted`(text: String) throws {
        #expect(try LoginTarget(text).text == text)
    }

    @Test(arguments: [
        (#"/invoke/a?file=C:\a"#, #"/invoke/a?file=C:\a"#), ("/invoke/a%40b?x=%40", "/invoke/a@b?x=%40"),
        ("/invoke/a%2Db/%20/%zz/%", "/invoke/a-b/%20/%zz/%"), ("/invoke/%2F", "/invoke/%2F"),
    ])
    func `a path has characters of routes in one form, and the query stays`(text: String, normal: String) throws {
        #expect(try LoginTarget(text).text == normal)
    }

    @Test(arguments: [
        ("/invoke/shop", "shop"), ("/invoke/shop/", "shop"), ("/invoke/shop/x/y?z", "shop"),
        ("/invoke/shop//x", "shop"),
        ("/invoke/shop/orders", "orders"), ("/invoke/shop/orders/7#end", "orders"), ("/invoke/shop/orders2", "shop"),
        ("/invoke/shops", "root"), ("/invoke", "root"), ("/invoke?x=/shop", "root"), ("/invoke/", "root"),
        ("/invoke//shop", "root"), ("/invoke/SHOP", "root"), ("/invoke/form", "form-get"), ("/invoke/any", "any"),
        ("/invoke/send", "send"), ("/invoke/invoke/shop", "root"),
    ])
    func `the longest route decides, and the function that a browser opens there`(
        text: String, name: String
    ) throws {
        let functions: [(String, String, Function.Method?)] = [
            ("root", "/", .get), ("shop", "/shop", nil), ("orders", "/shop/orders", .get), ("form-any", "/form", nil),
            ("form-post", "/form", .post), ("form-get", "/form", .get), ("any", "/any", nil), ("any-put", "/any", .put),
            ("send", "/send", .post),
        ]
        let drafts = try functions.map { name, route, method in
            try FunctionDraft.sample(name, route: route).with { $0.method = method }
        }
        let snapshot = InMemoryFunctions(drafts).current
        #expect(try LoginTarget(text).function(in: snapshot)?.name.text == name)
    }

    @Test(arguments: ["/invoke", "/invoke/", "/invoke/other", "/invoke/shops/x", "/invoke/invoke/x"])
    func `without a route there is no function`(text: String) throws {
        let snapshot = InMemoryFunctions([try .sample("shop")]).current
        #expect(try LoginTarget(text).function(in: snapshot) == nil)
    }

    @Test func `the path of a cookie is that of the function, as far as an attribute can contain it`() throws {
        let long = String(repeating: "a", count: 510)
        let paths = [
            ("/", "/invoke"), ("/shop/orders", "/invoke/shop/orders"), ("/a=b,c/d", "/invoke/a=b,c/d"),
            ("/shop/a;b/c", "/invoke/shop"), ("/;", "/invoke"), ("/\(long)", "/invoke/\(long)"),
            ("/\(long)/\(long)", "/invoke/\(long)"),
        ]
        for (route, path) in paths { #expect(LoginCookies.path(of: try Route(route)) == path) }
    }
}
