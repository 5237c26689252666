import ProcessSupport
import Testing

/// The accessibility of the console's page, in a real browser (Browser/keyboard.py and Browser/accessible.py). The
/// tests measure nothing, so they run beside those of ``EndToEndSerial``.
@Suite(.serialized, .workshop) struct ConsoleAccessibilityTests {
    /// The log-in page has two forms.
    private static let settings = """
        f2s:
          auth:
            types: [basic, token]
            basic: [{username: ann, password: ann-pw, group: admins}]
            token: {jwt_secret: 0123456789abcdef0123456789abcdef}
            authorization:
              - group: admins
                privileges: ["functions:list", "functions:invoke", "functions:create", "functions:delete",
                             "functions:update", "functions:logs", "functions:expose", "settings:view"]
        """

    private static let greeting = """
        apiVersion: f2s.opensight.ch/v1alpha1
        kind: Function
        metadata: {name: greeting}
        spec:
          endpoint: /greeting
          access: public
          description: |
            # What it does

            It greets the **name** of the query, see [an example](https://example.org/greeting).

            ## Parameters

            | parameter | meaning | default |
            | --- | --- | --- |
            | `name` | The name that the greeting contains; `error` fails. | `you` |

            > It writes a line to its log for each invocation.

            1. Declare it.
            2. Invoke it:

               ```
               curl https://example.org/invoke/greeting?name=Ada --header 'Accept: text/plain' --max-time 10
               ```
        target:
          minReplicas: 1
          source:
            runtime: python
            files:
              handler.py: |
                def handle(request):
                    name = request.query.get("name", "you")
                    print("greeting", name)
                    if name == "error":
                        raise ValueError(name)
                    return f"Hello, {name}!"

        """

    private static let broken = """
        apiVersion: f2s.opensight.ch/v1alpha1
        kind: Function
        metadata: {name: broken}
        spec: {endpoint: /broken}
        target:
          minReplicas: 1
          source:
            runtime: python
            files:
              handler.py: |
                def handle(request):
                    x = 1
                    retrun x

        """

    private static func expectNoProblem(_ findings: JSONValue, _ kinds: [String]) {
        for kind in kinds + ["errors", "foreign", "violations"] {
            let found = findings[kind]?.list
            #expect(found?.isEmpty == true, "\(kind): \(found ?? []), kept: \(findings["kept"] ?? .null)")
        }
    }

    @Test func `the keyboard alone writes, invokes, breaks, repairs, watches and deletes a function`() async throws {
        let console = try freePort()
        try await F2SServer.serve([], settings: Self.settings, console: console) { f2s in
            let findings = try BrowserScript.run("keyboard.py", ["http://127.0.0.1:\(console)", "ann"])
            Self.expectNoProblem(findings, ["failures"])
            #expect(findings["first"]?.text?.contains("cold start") == true, "\(findings)")
            #expect(findings["why"]?.text?.contains("SyntaxError") == true)
            #expect(findings["log"] == .flag(true) && findings["deleted"] == .flag(true))
            #expect(Files.names(in: f2s.folder).filter { !$0.hasPrefix(".") }.isEmpty)
            let (tabs, most) = (findings["tabs"]?.number ?? 0, findings["most"]?.number ?? .max)
            report(3, "the story by keyboard alone: \(tabs) presses of Tab, at most \(most) to one control")
            #expect(tabs > 0 && most <= 40)
        }
    }

    @Test func `no view violates a rule of axe, and none is wider than its window`() async throws {
        let console = try freePort()
        try await F2SServer.serve([], settings: Self.settings, console: console) { f2s in
            var (views, checks) = (0, 0)
            func examine(_ part: String) throws {
                let findings = try BrowserScript.run("accessible.py", [part, "http://127.0.0.1:\(console)", "ann"])
                Self.expectNoProblem(findings, ["overflows"])
                views += findings["views"]?.number ?? 0
                checks += findings["checks"]?.number ?? 0
            }
            try examine("start")

            let idle = try FunctionManifest("idle")
            for (name, manifest) in [("greeting", Self.greeting), ("broken", Self.broken), ("idle", idle.yaml)] {
                try Files.write(manifest, to: "\(f2s.folder)/\(name).yaml")
            }
            try eventually("it serves") { try f2s.get("/invoke/greeting").status == 200 }
            for name in ["Ada", "Grace", "error"] { _ = try f2s.get("/invoke/greeting?name=\(name)") }
            try examine("functions")
            report(
                3, "\(views) views in two colours, at 360, 768 and 1440 pixels and at 400 %: \(checks) checks",
                "by axe and of the width")
            #expect(views >= 35 && checks >= 6 * views)
        }
    }
}
