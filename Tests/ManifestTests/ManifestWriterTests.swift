import F2SManifest
import F2SModel
import Testing

@Suite struct ManifestWriterTests {
    private func draft(_ target: Target, summary: String = "") throws -> FunctionDraft {
        FunctionDraft(
            name: try FunctionName("hello"), route: try Route("/hello"), method: .get, summary: summary, target: target)
    }

    private func function(_ draft: FunctionDraft) -> Function {
        Function(
            id: Function.ID("u-1"), draft: draft, generation: 3, storeRevision: StoreRevision("r7"), age: 1,
            origin: Function.Origin(location: "hello.yaml", line: 1, isWritable: true),
            status: FunctionStatus(
                observedGeneration: 3, replicas: 2, updatedReplicas: 1, readyReplicas: 1, updatedReadyReplicas: 1,
                desiredReplicas: 2, url: "/invoke/hello",
                conditions: [
                    Condition(.ready, isTrue: true, reason: "Serving", message: "1 replica: fine", since: 1_709_208_000)
                ]))
    }

    @Test func `labels and annotations are written, and read again without the records of tools`() throws {
        var draft = try draft(Target(image: "a"))
        draft.metadata = FunctionMetadata(labels: ["team": "shop"], annotations: ["example.org/contact": "a: b"])
        let yaml = ManifestWriter().yaml(draft)
        #expect(yaml.contains("  labels:\n    team: shop\n  annotations:\n    example.org/contact: \"a: b\"\n"))
        let pasted = yaml.replacing("  annotations:\n", with: "  annotations:\n    meta.helm.sh/release-name: x\n")
        for text in [yaml, ManifestWriter().json(draft), pasted] {
            #expect(ManifestReader().read(Array(text.utf8), location: "a").documents.first?.draft == draft)
        }
    }

    @Test func `the YAML of a draft has the form of a manifest`() throws {
        let target = Target(
            image: "registry/hello:1", command: ["sh", "-c", "echo \"hi\"\n"], concurrency: 1,
            environment: ["B": "8080", "A": "says hello"],
            environmentSources: [
                try Target.EnvironmentSource(.secret, "keys", isOptional: true),
                try Target.EnvironmentSource(.configMap, "on"),
            ],
            resources: Resources(memory: try Quantity("128Mi", field: "memory")),
            readinessProbe: ReadinessProbe(path: "/ready", timeout: .seconds(20)), timeout: .milliseconds(1500),
            startTimeout: .seconds(180), drainTimeout: .seconds(600),
            scaling: Scaling(targetConcurrency: 10, idle: .seconds(5)),
            limits: FunctionLimits(inFlight: 4, queued: 20, rate: 0.5, burst: 3), watch: true,
            forwardsAuthorization: true, hasIdentity: true)
        #expect(
            ManifestWriter().yaml(try draft(target, summary: "on")) == #"""
                apiVersion: f2s.opensight.ch/v1alpha1
                kind: Function
                metadata:
                  name: hello
                  namespace: f2s
                spec:
                  endpoint: /hello
                  method: GET
                  description: "on"
                target:
                  containerImage: registry/hello:1
                  command: [sh, "-c", "echo \"hi\"\n"]
                  port: 8080
                  endpoint: /
                  minReplicas: 0
                  maxReplicas: 5
                  concurrency: 1
                  env:
                    A: says hello
                    B: "8080"
                  envFrom:
                    - secret: keys
                      optional: true
                    - configMap: "on"
                  resources:
                    memory: "128Mi"
                  readinessProbe:
                    path: /ready
                    timeout: "20s"
                  timeout: "1s500ms"
                  startTimeout: "3m"
                  drainTimeout: "10m"
                  scaling:
                    targetConcurrency: 10
                    idle: "5s"
                  limits:
                    inFlight: 4
                    queued: 20
                    rate: 0.5
                    burst: 3
                  watch: true
                  forwardAuthorization: true
                  identity: true

                """#)
    }

    @Test func `texts of several lines are written as literal blocks, and read back unchanged`() throws {
        let source = SourceCode(
            runtime: .python,
            files: [
                "handler.py": "def handle(request):\n\tif True:\n\n        return \"a: b # c\"\n", "none": "a\nb",
                "many": "a\n\n\n", "blank.txt": "a\n   \nb\n", "lib/indented.txt": "  a\nb\n", "windows.txt": "a\r\nb",
                "escape.txt": "a\n\u{1B}b\n", "separator.txt": "a\n\u{2028}b\n", "empty.txt": "", "feed": "\na",
            ], handler: "handler.handle")
        let draft = try draft(Target(source: source))
        let yaml = ManifestWriter().yaml(draft)
        #expect(
            yaml.contains(
                #"""
                      handler.py: |
                        def handle(request):
                        	if True:

                                return "a: b # c"
                      lib/indented.txt: "  a\nb\n"
                      many: |+
                        a


                      none: |-
                        a
                        b

                """#), "\(yaml)")
        for text in [yaml, ManifestWriter().json(draft)] {
            #expect(ManifestReader().read(Array(text.utf8), location: "a").documents.first?.draft == draft)
        }
    }

    @Test func `the JSON of a function contains its status and the fields of the store`() throws {
        #expect(
            ManifestWriter().json(function(try draft(Target(image: "x"))))
                == #"{"apiVersion":"f2s.opensight.ch/v1alpha1","#
                + #""kind":"Function","metadata":{"name":"hello","namespace":"f2s","uid":"u-1","generation":3},"#
                + #""spec":{"endpoint":"/hello","method":"GET"},"#
                + #""target":{"containerImage":"x","#
                + #""port":8080,"endpoint":"/","minReplicas":0,"maxReplicas":5},"status":{"observedGeneration":3,"#
                + #""replicas":2,"updatedReplicas":1,"readyReplicas":1,"updatedReadyReplicas":1,"#
                + #""desiredReplicas":2,"url":"/invoke/hello","#
                + #""conditions":[{"type":"Ready","#
                + #""status":"True","reason":"Serving","message":"1 replica: fine","#
                + #""lastTransitionTime":"2024-02-29T12:00:00Z"}]}}"#)
    }

    @Test func `the output is read to the same draft in every format`() throws {
        let sources = [
            try Target.EnvironmentSource(.configMap, "b"), try Target.EnvironmentSource(.secret, "a", isOptional: true),
        ]
        let draft = try draft(Target(image: "x", environmentSources: sources), summary: "s")
        let writer = ManifestWriter()
        let texts = [
            writer.yaml(draft), writer.json(draft), writer.yaml(function(draft)), writer.json(function(draft)),
            writer.json([function(draft), function(draft)]), writer.yaml([function(draft), function(draft)]),
            writer.json([Function]()), writer.yaml([Function]()),
        ]
        let counts = [1, 1, 1, 1, 2, 2, 0, 0]
        for (text, count) in zip(texts, counts) {
            let contents = reading(text)
            #expect(contents.rejections.isEmpty, "\(text)")
            #expect(contents.documents.map(\.draft) == Array(repeating: draft, count: count), "\(text)")
        }
    }

    @Test(arguments: [
        FunctionLimits(), FunctionLimits(inFlight: 1_000_000), FunctionLimits(queued: 1),
        FunctionLimits(rate: 0.0001), FunctionLimits(rate: 1e6, burst: 1_000_000), FunctionLimits(rate: 1.0 / 3),
    ])
    func `limits are unchanged after writing and reading`(limits: FunctionLimits) throws {
        let draft = try draft(Target(image: "x", limits: limits))
        for text in [ManifestWriter().yaml(draft), ManifestWriter().json(draft)] {
            #expect(reading(text).documents.map(\.draft) == [draft], "\(text)")
            #expect(text.contains("limits") == (limits != FunctionLimits()), "\(text)")
        }
    }

    @Test func `any text is unchanged after writing and reading`() throws {
        var random = SplitMix64(seed: 42)
        let pieces = [
            "a", "Z", "0", "9", " ", "  ", ":", ": ", " #", "#", "-", "- ", "'", "\"", "\\", "\n", "\r", "\t", "{", "}",
            "[", "]",
            ",", "&a", "*a", "!", "|", ">", "%", "@", "`", "~", "null", "true", "no", "\u{85}", "\u{A0}", "\u{2028}",
            "\u{2029}",
            "\u{FFFE}", "\u{7F}", "\u{1}", "\u{9F}", "ü", "😀", "---", "...", "/", ".", "+", "=", "?", "\\u0041",
        ]
        let writer = ManifestWriter()
        for _ in 0..<500 {
            let texts = (0..<4).map { _ in
                (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                    .joined()
            }
            let target = Target(command: ["p", texts[0]], environment: ["A": texts[1], "no": texts[2]])
            let draft = try draft(target, summary: texts[3])
            for text in [
                writer.yaml(draft), writer.json(draft), writer.yaml([function(draft)]), writer.json([function(draft)]),
            ] {
                let contents = reading(text)
                #expect(contents.documents.map(\.draft) == [draft], "\(contents.rejections) \(text)")
            }
        }
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"), (Int64.max, "9999-12-31T23:59:59Z"),
            (Int64.min, "0000-01-01T00:00:00Z"),
        ] as [(Int64, String)])
    func `a time is written in UTC`(seconds: Int64, text: String) throws {
        var function = function(try draft(Target(image: "x")))
        function.status.conditions[0].since = seconds
        #expect(ManifestWriter().json(function).contains("\"lastTransitionTime\":\"\(text)\""))
    }
}
