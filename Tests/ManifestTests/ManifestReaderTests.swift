import F2SManifest
import F2SModel
import Testing

@Suite struct ManifestReaderTests {
    @Test func `a manifest with every field is read`() throws {
        let contents = reading(
            """
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata: {name: hello, namespace: shop}
            spec:
              endpoint: /hello            # public path
              method: GET
              description: says hello
            target:
              containerImage: registry/hello:1
              command: [python3, hello.py]
              port: 9000
              endpoint: /api
              minReplicas: 1
              maxReplicas: 3
              concurrency: 2
              env: {GREETING: hi}
              secrets: [hello-secret]
              envFrom: [{configMap: settings}, {secret: keys.example, optional: true}, {secret: a, optional: false}]
              resources: {cpu: 500m, memory: 128Mi}
              readinessProbe: {path: /ready}
              timeout: 30s
              scaling: {targetConcurrency: 2.5, idle: 2m, window: 30s}
              limits: {inFlight: 6, queued: 100, rate: 2.5, burst: 10}
            """)
        #expect(contents.rejections.isEmpty)
        let document = try #require(contents.documents.first)
        let wanted = FunctionDraft(
            name: try FunctionName("hello"), namespace: "shop", route: try Route("/hello"), method: .get,
            summary: "says hello",
            target: Target(
                image: "registry/hello:1", command: ["python3", "hello.py"], port: 9000, path: "/api", minReplicas: 1,
                maxReplicas: 3, concurrency: 2, environment: ["GREETING": "hi"], secrets: ["hello-secret"],
                environmentSources: [
                    try Target.EnvironmentSource(.configMap, "settings"),
                    try Target.EnvironmentSource(.secret, "keys.example", isOptional: true),
                    try Target.EnvironmentSource(.secret, "a"),
                ],
                resources: Resources(
                    cpu: try Quantity("500m", field: "cpu"), memory: try Quantity("128Mi", field: "memory")),
                readinessProbe: ReadinessProbe(path: "/ready"), timeout: .seconds(30),
                scaling: Scaling(targetConcurrency: 2.5, idle: .seconds(120), window: .seconds(30)),
                limits: FunctionLimits(inFlight: 6, queued: 100, rate: 2.5, burst: 10)))
        #expect(document.draft == wanted)
        #expect(document.line == 1)
    }

    @Test func `a published manifest is accepted unchanged and normalised`() throws {
        let contents = reading(
            """
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata:
              name: old
            spec:
              endpoint: old/path/
              method: get
              description: "from before"
            target:
              containerImage: old:1
              endpoint: run
              port: 80
              minReplicas: 0
              maxReplicas: 2
            """)
        #expect(contents.rejections.isEmpty)
        let draft = try #require(contents.documents.first?.draft)
        #expect(draft.route.path == "/old/path")
        #expect(draft.method == .get)
        #expect(draft.target.path == "/run")
        #expect(draft.namespace == "f2s")
        #expect(draft.target.port == 80 && draft.target.maxReplicas == 2)
    }

    @Test func `an empty method means any method, and names of Secrets may contain dots`() throws {
        let contents = reading(
            """
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata: {name: any}
            spec: {endpoint: /any, method: ""}
            target: {containerImage: x, secrets: [tls.example.org], resources: {memory: 1Ei, cpu: 1e3}}
            """)
        #expect(contents.rejections.isEmpty)
        let draft = try #require(contents.documents.first?.draft)
        #expect(draft.method == nil)
        #expect(draft.target.secrets == ["tls.example.org"])
        #expect(draft.target.resources.memory?.text == "1Ei" && draft.target.resources.cpu?.text == "1e3")
    }

    @Test func `a field that is absent or empty has its default`() throws {
        let read = try #require(target("port:\nenv: null\nscaling: ~\nlimits: {rate: }"))
        #expect(read == Target(image: "hello:1"))
    }

    @Test func `the output of kubectl is accepted, and fields of Kubernetes are ignored`() {
        let contents = reading(
            """
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata:
              name: pasted
              uid: 4711
              generation: 3
              resourceVersion: "12"
              creationTimestamp: "2024-01-01T00:00:00Z"
              labels: {app: x}
              annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
              managedFields: [{fieldsV1: {"f:spec": {".": {}}}}]
            spec: {endpoint: /pasted}
            target: {containerImage: x}
            status: {replicas: 3, whatever: [1, 2]}
            """)
        #expect(contents.rejections.isEmpty)
        #expect(contents.documents.map(\.draft.name.text) == ["pasted"])
    }

    @Test func `scalars of env, command and names are read as they are written`() throws {
        let read = try #require(
            target(
                """
                env: {A: 8080, B: on, C: 010, D: 1.50, E: "x", F: , G: 'null', H: 1e3, I: no, J: 0x1F}
                command: [sleep, 10, yes, 1.0, 0777, "a b", -c, 12:30:45]
                """))
        #expect(
            read.environment == [
                "A": "8080", "B": "on", "C": "010", "D": "1.50", "E": "x", "F": "", "G": "null", "H": "1e3", "I": "no",
                "J": "0x1F",
            ])
        #expect(read.command == ["sleep", "10", "yes", "1.0", "0777", "a b", "-c", "12:30:45"])
        let named = reading(manifest(name: "no"))
        #expect(named.documents.first?.draft.name.text == "no")
    }

    @Test func `a script in a block scalar keeps its stars and ampersands`() throws {
        let read = try #require(
            target(
                """
                command:
                - sh
                - -c
                - |
                  ls *txt & wait # &a *a
                  cc -o x x.c 2>&1 && ./x *wait &wait
                """))
        #expect(read.command?.last == "ls *txt & wait # &a *a\ncc -o x x.c 2>&1 && ./x *wait &wait\n")
    }

    @Test func `JSON with escapes of UTF-16 is read`() throws {
        let contents = reading(
            #"""
            {"apiVersion":"f2s.opensight.ch/v1alpha1","kind":"Function","metadata":{"name":"j"},
            	"spec":{"endpoint":"/j","description":"tab\t\ud83d\ude00 \\ud83d\\ude00 \u00fc \/"},
             "target":{"containerImage":"j","port":81,"env":{"A":"\u2028"}}}
            """#)
        #expect(contents.rejections.isEmpty)
        let draft = try #require(contents.documents.first?.draft)
        #expect(draft.summary == "tab\t😀 \\ud83d\\ude00 ü /")
        #expect(draft.target.port == 81)
        #expect(draft.target.environment["A"] == "\u{2028}")
    }

    @Test func `each document of a file has its line, regardless of the lines in between`() {
        let text =
            "# first comment\n%YAML 1.2\n---\n# a\n" + manifest(name: "a") + "---\n---\n# nothing\n--- # b\n"
            + manifest(name: "b") + "...\n" + manifest(name: "c") + "---\n"
        let contents = reading(text)
        #expect(contents.rejections.isEmpty)
        #expect(contents.documents.map(\.draft.name.text) == ["a", "b", "c"])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            contents.documents.map { lines[$0.line - 1] }
                == Array(repeating: "apiVersion: f2s.opensight.ch/v1alpha1", count: 3))
    }

    @Test(arguments: ["\r\n", "\r", "\n"])
    func `every kind of line end counts as one line`(end: String) {
        let text = (manifest() + "---\n" + manifest("port: x")).replacing("\n", with: end)
        #expect(reading(text).rejections.map(\.line) == [15])
        #expect(reading("\u{FEFF}" + text).documents.count == 1)
    }

    @Test(arguments: [("FunctionList", "f2s.opensight.ch/v1alpha1"), ("List", "v1")])
    func `an invalid item of a list does not affect the others`(kind: String, version: String) {
        let contents = reading(
            """
            apiVersion: \(version)
            kind: \(kind)
            metadata: {resourceVersion: ""}
            items:
            - apiVersion: f2s.opensight.ch/v1alpha1
              kind: Function
              metadata: {name: a}
              spec: {endpoint: a}
              target: {containerImage: a}
            - metadata: {name: b}
              spec: {endpoint: b}
              target: {containerImage: b, port: many}
            - metadata: {name: c}
              spec: {endpoint: c}
              target: {containerImage: c}
            """)
        #expect(contents.documents.map(\.draft.name.text) == ["a", "c"])
        #expect(contents.documents.map(\.line) == [5, 13])
        #expect(
            contents.rejections.map(\.description) == [
                #"f.yaml:12:37: target.port is "many": it must be a whole number."#
            ])
    }

    @Test(arguments: ["", "# only a comment\n", "---\n", "---\n...\n---\n# x\n", "\n\n", "~"])
    func `a text without documents yields neither functions nor errors`(text: String) {
        let contents = reading(text)
        #expect(contents.documents.isEmpty && contents.rejections.isEmpty)
    }

    @Test func `an invalid document does not affect the others`() {
        let text =
            manifest(name: "a") + "---\n" + manifest("port: [") + "---\n" + manifest("maxReplica: 3") + "---\n"
            + manifest("port: 1\nport: 2") + "---\n\"open\n---\n" + manifest(name: "z")
        let contents = reading(text)
        #expect(contents.documents.map(\.draft.name.text) == ["a", "z"])
        #expect(contents.rejections.count == 4)
    }

    @Test func `a thousand manifests are read in seconds`() {
        let bytes = Array(manifest("command: [python3, hello.py]\nenv: {A: b, C: d}\nscaling: {idle: 5s}").utf8)
        let clock = ContinuousClock()
        let time = clock.measure {
            for _ in 0..<1000 { #expect(ManifestReader().read(bytes, location: "f.yaml").documents.count == 1) }
        }
        // Measured on a quiet machine without optimisation: 0.4 s. The bound detects a blunder such as a regular
        // expression per scalar.
        #expect(time < .seconds(5))
    }
}
