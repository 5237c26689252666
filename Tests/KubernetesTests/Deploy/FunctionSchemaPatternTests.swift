import F2SManifest
import F2SModel
import Testing

/// The patterns of `deploy/crd.yaml` accept the same texts as the model.
@Suite struct FunctionSchemaPatternTests {
    private let schema: FunctionSchema

    init() throws { schema = try FunctionSchema() }

    @Test(arguments: [
        "/", "//", "///", "/hello", "hello", "/a/b", "a/b/", "/a/b//", "//a", "/a//b", "", "/.", "/..", "/...", "/.a",
        "/..a", "/a/./b", "/a/../b", "/a/..", ".hidden", "/a b", "/a%20b", "/a?b", "/a#b", "/ä", "/a\n", "/a\u{0}",
        "/-._~!$&'()*+,;=:@", "/a\"b", "/[a]", "/a|b", "/~user", String(repeating: "a", count: 1024),
        String(repeating: "a", count: 1025),
    ])
    func `the schema accepts the same routes as the model`(_ text: String) throws {
        let isRoute = (try? Route(text)) != nil
        #expect(try schema.accepts(text, at: "spec.endpoint") == isRoute)
    }

    @Test(arguments: ["GET", "get", "Post", "PATCH", "options", "", "GETS", "FETCH", " GET", "GET\n", "CONNECT"])
    func `the schema accepts the same methods as the model`(_ text: String) throws {
        // An empty method means any method, as in the published model.
        let isMethod = text.isEmpty || (try? Function.Method(text)) != nil
        #expect(try schema.accepts(text, at: "spec.method") == isMethod)
    }

    @Test(arguments: [
        "30s", "1m30s", "500ms", "1.5h", "1.h", ".5h", "1h1h", "", "s", "30", "30 s", "30S", "-1s", "1.2.3s", ".s",
        "1d", "1e3s", "1s\n", "٣s",
    ])
    func `the schema accepts the same durations as the model`(_ text: String) throws {
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
    func `the schema accepts the same quantities as the model`(_ text: String) throws {
        let isQuantity = (try? Quantity(text, field: "")) != nil
        for path in ["target.resources.cpu", "target.resources.memory"] {
            #expect(try schema.accepts(text, at: path) == isQuantity)
        }
    }

    @Test(arguments: ["a", "a-b", "a1", "-a", "a-", "A", "a.b", "a_b", "", "ä", "a\n", "0"])
    func `the schema accepts the same names of functions as the model`(_ text: String) throws {
        let isName = (try? FunctionName(text)) != nil
        // Kubernetes itself rejects an empty name.
        if !text.isEmpty { #expect(try schema.accepts(text, at: "metadata.name") == isName) }
    }

    @Test(arguments: ["a", "a-b", "a.b", "tls.example-1.org", ".a", "a.", "a..b", "-a", "a-.b", "A", "a_b", "", "a\n"])
    func `the schema accepts the same names of Secrets and ConfigMaps as the model`(_ text: String) throws {
        let draft = FunctionDraft(
            name: try FunctionName("a"), route: try Route("/"), target: Target(image: "a", secrets: [text]))
        #expect(try schema.accepts(text, at: "target.secrets", item: true) == draft.fieldErrors().isEmpty)
        for kind in Target.EnvironmentSource.Kind.allCases {
            let isName = (try? Target.EnvironmentSource(kind, text)) != nil
            #expect(try schema.accepts(text, at: "target.envFrom[].\(kind.rawValue)") == isName)
        }
    }

    @Test(arguments: [
        "*", "https://a.example", "http://127.0.0.1:8000", "http://[::1]:81", "app://localhost", "null", "a.example",
        "https://", "://a", "https://a/", "https://A", "https://*.a", "https://a b", "", "https://a\n",
    ])
    func `the schema accepts the same origins as the model`(_ text: String) throws {
        let draft = FunctionDraft(
            name: try FunctionName("a"), route: try Route("/"), cors: Function.CORS(origins: [text]),
            target: Target(image: "a"))
        #expect(try schema.accepts(text, at: "spec.cors.origins", item: true) == draft.fieldErrors().isEmpty)
    }

    @Test(arguments: ["X-A", "content-type", "*", "a b", "a:", "", "a\n", "a_b", "!#$%&'+.^_`|~", "ä"])
    func `the schema accepts the same names of fields as the model`(_ text: String) throws {
        var cors = Function.CORS(origins: ["*"])
        cors.headers = [text]
        let draft = FunctionDraft(
            name: try FunctionName("a"), route: try Route("/"), cors: cors, target: Target(image: "a"))
        #expect(try schema.accepts(text, at: "spec.cors.headers", item: true) == draft.fieldErrors().isEmpty)
    }

    @Test func `the schema accepts names of up to 63 characters`() throws {
        #expect(try schema.accepts(String(repeating: "a", count: 63), at: "metadata.name"))
        #expect(try !schema.accepts(String(repeating: "a", count: 64), at: "metadata.name"))
    }

    @Test(arguments: ["/", "/ready", "ready", "/a%20b", "/a b", "/a?b", "/a#b", "/ä", "", "/a\u{7F}", "/\"<>|"])
    func `the schema accepts the same replica paths as the model`(_ text: String) throws {
        // The reader adds a missing slash.
        let path = text.hasPrefix("/") ? text : "/" + text
        var draft = FunctionDraft(name: try FunctionName("a"), route: try Route("/"), target: Target(image: "a"))
        draft.target.path = path
        draft.target.readinessProbe = ReadinessProbe(path: path)
        let isPath = draft.fieldErrors().isEmpty
        #expect(try schema.accepts(text, at: "target.endpoint") == isPath)
        #expect(try schema.accepts(text, at: "target.readinessProbe.path") == isPath)
    }

    @Test(arguments: ["hello:1", "registry:5000/a/b@sha256:0", "a b", "", "a\tb", "a\u{A0}b", "a\n"])
    func `the schema accepts the same images as the model`(_ text: String) throws {
        let draft = FunctionDraft(name: try FunctionName("a"), route: try Route("/"), target: Target(image: text))
        #expect(try schema.accepts(text, at: "target.containerImage") == draft.fieldErrors().isEmpty)
    }

    @Test(arguments: ["", "a b", "two\nlines", "a\u{0}b"])
    func `the schema accepts the same environment values and arguments as the model`(_ text: String) throws {
        let target = Target(image: "a", command: ["program", text], environment: ["NAME": text])
        let draft = FunctionDraft(name: try FunctionName("a"), route: try Route("/"), target: target)
        #expect(try schema.accepts(text, at: "target.env", item: true) == draft.fieldErrors().isEmpty)
        #expect(try schema.accepts(text, at: "target.command", item: true) == draft.fieldErrors().isEmpty)
    }
}
