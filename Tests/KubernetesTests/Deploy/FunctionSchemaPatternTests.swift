import F2SManifest
import F2SModel
import Testing

/// The patterns of `deploy/crd.yaml` let through what the model accepts, and nothing that it refuses.
@Suite struct FunctionSchemaPatternTests {
    private let schema: FunctionSchema

    init() throws { schema = try FunctionSchema() }

    @Test(arguments: [
        "/", "//", "///", "/hello", "hello", "/a/b", "a/b/", "/a/b//", "//a", "/a//b", "", "/.", "/..", "/...", "/.a",
        "/..a", "/a/./b", "/a/../b", "/a/..", ".hidden", "/a b", "/a%20b", "/a?b", "/a#b", "/ä", "/a\n", "/a\u{0}",
        "/-._~!$&'()*+,;=:@", "/a\"b", "/[a]", "/a|b", "/~user", String(repeating: "a", count: 1024),
        String(repeating: "a", count: 1025),
    ])
    func `a route`(_ text: String) throws {
        let isRoute = (try? Route(text)) != nil
        #expect(try schema.accepts(text, at: "spec.endpoint") == isRoute)
    }

    @Test(arguments: ["GET", "get", "Post", "PATCH", "options", "", "GETS", "FETCH", " GET", "GET\n", "CONNECT"])
    func `a method`(_ text: String) throws {
        // Empty means any, as in the published model.
        let isMethod = text.isEmpty || (try? Function.Method(text)) != nil
        #expect(try schema.accepts(text, at: "spec.method") == isMethod)
    }

    @Test(arguments: [
        "30s", "1m30s", "500ms", "1.5h", "1.h", ".5h", "1h1h", "", "s", "30", "30 s", "30S", "-1s", "1.2.3s", ".s",
        "1d", "1e3s", "1s\n", "٣s",
    ])
    func `a duration`(_ text: String) throws {
        let allowed = Duration.zero ... .seconds(86_400)
        let isDuration = (try? Duration(text: text, allowed: allowed, field: "")) != nil
        for path in [
            "target.timeout", "target.startTimeout", "target.drainTimeout", "target.readinessProbe.timeout",
            "target.scaling.idle", "target.scaling.window",
        ] {
            #expect(try schema.accepts(text, at: path) == isDuration)
        }
    }

    @Test(arguments: [
        "500m", "0.5", "128Mi", "1G", "1", "01", "1.", ".5", "0", "0.0", "0m", "", "m", "-1", "1 Gi", "1gi", "1K",
        "1Ei", "1e3", "1E-2", "1e", "e3", "1e3m", "2P", "1.2.3", "0.0001", "00.10Ti", "1M\n", "٣",
    ])
    func `an amount`(_ text: String) throws {
        let isQuantity = (try? Quantity(text, field: "")) != nil
        for path in ["target.resources.cpu", "target.resources.memory"] {
            #expect(try schema.accepts(text, at: path) == isQuantity)
        }
    }

    @Test(arguments: ["a", "a-b", "a1", "-a", "a-", "A", "a.b", "a_b", "", "ä", "a\n", "0"])
    func `a name`(_ text: String) throws {
        let isName = (try? FunctionName(text)) != nil
        // An empty name is refused by Kubernetes itself.
        if !text.isEmpty { #expect(try schema.accepts(text, at: "metadata.name") == isName) }
    }

    @Test(arguments: ["a", "a-b", "a.b", "tls.example-1.org", ".a", "a.", "a..b", "-a", "a-.b", "A", "a_b", "", "a\n"])
    func `the name of a Secret`(_ text: String) throws {
        let draft = FunctionDraft(
            name: try FunctionName("a"), route: try Route("/"), target: Target(image: "a", secrets: [text]))
        #expect(try schema.accepts(text, at: "target.secrets", item: true) == draft.complaints().isEmpty)
    }

    @Test func `a long name`() throws {
        #expect(try schema.accepts(String(repeating: "a", count: 63), at: "metadata.name"))
        #expect(try !schema.accepts(String(repeating: "a", count: 64), at: "metadata.name"))
    }

    @Test(arguments: ["/", "/ready", "ready", "/a%20b", "/a b", "/a?b", "/a#b", "/ä", "", "/a\u{7F}", "/\"<>|"])
    func `a path on a replica`(_ text: String) throws {
        // The reader adds a slash that is missing.
        let path = text.hasPrefix("/") ? text : "/" + text
        var draft = FunctionDraft(name: try FunctionName("a"), route: try Route("/"), target: Target(image: "a"))
        draft.target.path = path
        draft.target.readinessProbe = ReadinessProbe(path: path)
        let isPath = draft.complaints().isEmpty
        #expect(try schema.accepts(text, at: "target.endpoint") == isPath)
        #expect(try schema.accepts(text, at: "target.readinessProbe.path") == isPath)
    }

    @Test(arguments: ["hello:1", "registry:5000/a/b@sha256:0", "a b", "", "a\tb", "a\u{A0}b", "a\n"])
    func `an image`(_ text: String) throws {
        let draft = FunctionDraft(name: try FunctionName("a"), route: try Route("/"), target: Target(image: text))
        #expect(try schema.accepts(text, at: "target.containerImage") == draft.complaints().isEmpty)
    }

    @Test(arguments: ["", "a b", "two\nlines", "a\u{0}b"])
    func `a value of env, and an argument`(_ text: String) throws {
        let target = Target(image: "a", command: ["program", text], environment: ["NAME": text])
        let draft = FunctionDraft(name: try FunctionName("a"), route: try Route("/"), target: target)
        #expect(try schema.accepts(text, at: "target.env", item: true) == draft.complaints().isEmpty)
        #expect(try schema.accepts(text, at: "target.command", item: true) == draft.complaints().isEmpty)
    }
}
