import F2SManifest
import F2SModel
import Testing

@Suite struct ManifestRejectionTests {
    private static let targets: [(lines: String, rejection: String)] = [
        ("maxReplica: 3", "7:3: target.maxReplica is not a known field: did you mean target.maxReplicas?"),
        ("image: x", "7:3: target.image is not a known field: did you mean target.containerImage?"),
        ("method: GET", "7:3: target.method is not a known field: did you mean spec.method?"),
        (
            "zzzzzzzzz: 1",
            "7:3: target.zzzzzzzzz is not a known field: known here are containerImage, command, source, port, "
                + "endpoint, minReplicas, maxReplicas, concurrency, env, secrets, envFrom, resources, readinessProbe, "
                + "timeout, startTimeout, drainTimeout, scaling, limits, watch, forwardAuthorization, identity."
        ),
        ("scaling: {idel: 5s}", "7:13: target.scaling.idel is not a known field: did you mean target.scaling.idle?"),
        (
            "source: {runtime: ruby, files: {handler.rb: x}}",
            #"7:21: target.source.runtime is "ruby": it must be one of python, node, shell."#
        ),
        ("source: {file: {}}", "7:12: target.source.file is not a known field: did you mean target.source.files?"),
        (#"port: "8080""#, #"7:9: target.port is "8080": it must be a whole number without quotes."#),
        ("port: 010", #"7:9: target.port is "010": it must be a whole number that does not begin with 0."#),
        ("port: 8080.0", #"7:9: target.port is "8080.0": it must be a whole number."#),
        ("port: 8_080", #"7:9: target.port is "8_080": it must be a whole number."#),
        ("port: 0x1F90", #"7:9: target.port is "0x1F90": it must be a whole number."#),
        ("port: yes", #"7:9: target.port is "yes": it must be a whole number."#),
        ("port: [80]", "7:9: target.port is a list: it must be a whole number."),
        (
            "port: 99999999999999999999",
            #"7:9: target.port is "99999999999999999999": it must be a whole number of at most 18 digits."#
        ),
        ("port: 0", #"7:9: target.port is "0": it must be between 1 and 65535."#),
        ("minReplicas: -1", #"7:16: target.minReplicas is "-1": it must be between 0 and 1000."#),
        ("minReplicas: 7", #"7:16: target.minReplicas is "7": it must be at most target.maxReplicas (5)."#),
        ("maxReplicas: 0", #"7:16: target.maxReplicas is "0": it must be between 1 and 1000."#),
        ("concurrency: 0", #"7:16: target.concurrency is "0": it must be between 1 and 100000."#),
        (
            "command: python3 hello.py",
            #"7:12: target.command is "python3 hello.py": it must be a list such as [python3, hello.py]."#
        ),
        ("command: [[a]]", "7:13: target.command[0] is a list: it must be a text."),
        ("command: []", #"7:12: target.command is "": it must be a list that begins with a program."#),
        (#"command: [a, "b\0"]"#, "7:16: target.command[1] is \"b\\u{0}\": it must hold no zero byte."),
        ("env: [{name: A, value: b}]", "7:8: target.env is a list: it must be a map such as {GREETING: hi}."),
        ("env: {A: [1]}", "7:12: target.env.A is a list: it must be a text."),
        ("env: {A: null}", "7:12: target.env.A is empty: it must be a text."),
        (
            "env:\n  OK: 1\n  A B: x",
            #"9:10: target.env.A B is "A B": it must be named with letters, digits, '_', '-' or '.', not begin with a "#
                + "digit, and hold no zero byte."
        ),
        (
            "secrets: [UP]",
            #"7:12: target.secrets is "UP": it must name Secrets by DNS-1123 subdomains: small letters, digits, '-' "#
                + "and '.'."
        ),
        (
            "envFrom: settings",
            #"7:12: target.envFrom is "settings": it must be a list such as [{configMap: settings}]."#
        ),
        (
            "envFrom: [settings]",
            #"7:13: target.envFrom[0] is "settings": it must be a map such as {configMap: settings}."#
        ),
        (
            "envFrom: [{configMap: a}, {}]",
            "7:29: target.envFrom[1] is a map: it must name either a configMap or a secret."
        ),
        (
            "envFrom:\n  - {configMap: a, secret: b}",
            "8:7: target.envFrom[0] is a map: it must name either a configMap or a secret."
        ),
        (
            "envFrom: [{optional: true}]",
            "7:13: target.envFrom[0] is a map: it must name either a configMap or a secret."
        ),
        (
            "envFrom: [{configmap: a}]",
            "7:14: target.envFrom[0].configmap is not a known field: did you mean target.envFrom[0].configMap?"
        ),
        (
            "envFrom: [{secret: a}, {secret: UP}]",
            #"7:35: target.envFrom[1].secret is "UP": it must be a DNS-1123 subdomain: small letters, digits, '-' "#
                + "and '.'."
        ),
        (
            "envFrom: [{secret: a, optional: perhaps}]",
            #"7:35: target.envFrom[0].optional is "perhaps": it must be true or false."#
        ),
        (
            "envFrom: [\(Array(repeating: "{secret: a}", count: 33).joined(separator: ","))]",
            #"7:12: target.envFrom is "33": it must be between 0 and 32."#
        ),
        (
            "resources: {cpu: lots}",
            #"7:20: target.resources.cpu is "lots": it must be a positive amount such as 500m, 0.5, 128Mi, 1G or "#
                + "1e3 (suffixes m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei)."
        ),
        ("timeout: 30", #"7:12: target.timeout is "30": it must be a duration such as 500ms, 30s or 1m30s."#),
        ("drainTimeout: 30", #"7:17: target.drainTimeout is "30": it must be a duration such as 500ms, 30s or 1m30s."#),
        ("startTimeout: 90m", #"7:17: target.startTimeout is "90m": it must be between 1s and 1h."#),
        (
            "readinessProbe: {path: /, timeout: 1h}",
            #"7:38: target.readinessProbe.timeout is "1h": it must be between 100ms and 5m."#
        ),
        ("watch: 1", #"7:10: target.watch is "1": it must be true or false."#),
        ("drainTimeout: 25h", #"7:17: target.drainTimeout is "25h": it must be between 0s and 24h."#),
        ("timeout: 25h", #"7:12: target.timeout is "25h": it must be between 1ms and 24h."#),
        (
            "scaling: {targetConcurrency: lots}",
            #"7:32: target.scaling.targetConcurrency is "lots": it must be a number, without quotes."#
        ),
        (
            "scaling: {targetConcurrency: 0}",
            #"7:32: target.scaling.targetConcurrency is "0.0": it must be above 0 and at most 100000."#
        ),
        ("scaling: 5", #"7:12: target.scaling is "5": it must be a map of fields."#),
        (
            "limits: {inflight: 5}",
            "7:12: target.limits.inflight is not a known field: did you mean target.limits.inFlight?"
        ),
        ("burst: 5", "7:3: target.burst is not a known field: did you mean target.limits.burst?"),
        ("limits: 5", #"7:11: target.limits is "5": it must be a map of fields."#),
        ("limits: {inFlight: 0}", #"7:22: target.limits.inFlight is "0": it must be between 1 and 1000000."#),
        ("limits: {inFlight: 1.5}", #"7:22: target.limits.inFlight is "1.5": it must be a whole number."#),
        ("limits: {queued: -1}", #"7:20: target.limits.queued is "-1": it must be between 0 and 1000000."#),
        (
            "limits: {queued: 0}",
            #"7:20: target.limits.queued is "0": it must be at least 1 while target.minReplicas is 0: an "#
                + "invocation that starts the function waits for its first replica."
        ),
        ("limits: {rate: 5/s}", #"7:18: target.limits.rate is "5/s": it must be a number, without quotes."#),
        (
            "limits: {rate: 0}",
            #"7:18: target.limits.rate is "0.0": it must be between 0.0001 and 1000000 per second."#
        ),
        (
            "limits: {burst: 5}",
            #"7:19: target.limits.burst is "5": it must be used with target.limits.rate, which sets how fast the "#
                + "burst refills."
        ),
        ("readinessProbe: {}", "7:19: target.readinessProbe.path is missing: it must be a path such as /ready."),
        (
            "endpoint: /a?b",
            #"7:13: target.endpoint is "/a?b": it must be a path that begins with '/', without spaces, "#
                + "'?' or '#', of at most 1024 bytes."
        ),
    ]

    @Test(arguments: targets)
    func `an invalid field of target is rejected with its position`(lines: String, rejection: String) {
        let contents = reading(manifest(lines))
        #expect(contents.rejections.map(\.description) == ["f.yaml:" + rejection])
        #expect(contents.documents.isEmpty)
    }

    private static let documents: [(text: String, rejection: String)] = [
        ("hello", #"1:1: The document is "hello": it must be a map of fields."#),
        ("- a", "1:1: The document is a list: it must be a map of fields."),
        ("kind: Function", "1:1: apiVersion is missing: it must be f2s.opensight.ch/v1alpha1."),
        (
            "kind: Deployment\napiVersion: f2s.opensight.ch/v1alpha1",
            #"1:7: kind is "Deployment": it must be Function."#
        ),
        ("kind: Function\napiVersion: v1", #"2:13: apiVersion is "v1": it must be f2s.opensight.ch/v1alpha1."#),
        ("kind: List\napiVersion: v2\nitems: []", #"2:13: apiVersion is "v2": it must be v1."#),
        ("kind: List\napiVersion: v1\nitems: {}", "3:8: items is a map: it must be a list such as [{kind: Function}]."),
        ("? [a]\n: b", "1:3: A key must be a text."),
        ("a: !!binary x", "1:4: The tag tag:yaml.org,2002:binary is not accepted: write the value without it."),
        ("a: !mine {b: c}", "1:4: The tag !mine is not accepted: write the value without it."),
        ("a: 1\nb: 2\na: 3", #"1:1: "a" occurs more than once in one mapping. A key may occur only once."#),
        (
            "a:\n\tb: 1",
            "2:1: The text is not valid YAML: found character that cannot start any token while scanning for "
                + "the next token: there is a tab here, but YAML is indented with spaces."
        ),
        (
            "\n\na: [1\n",
            "4:1: The text is not valid YAML: did not find expected ',' or ']' while parsing a flow sequence."
        ),
        ("x: \u{81}", "1:4: The text is not valid YAML: control characters are not allowed."),
        (
            #"{"a": "\ud83d"}"#,
            "1:10: The text is not valid YAML: found invalid Unicode character escape code while parsing a quoted "
                + "scalar."
        ),
    ]

    @Test(arguments: documents)
    func `a document that is not a function is rejected with its position`(text: String, rejection: String) {
        #expect(reading(text).rejections.map(\.description) == ["f.yaml:" + rejection])
    }

    @Test func `all errors of a document are reported at once`() {
        let contents = reading(
            """
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata: {name: Hello_World, namespace: "", nam: x}
            spec: {method: FETCH, containerImage: x, target: {}}
            sepc: 1
            target: {port: x, timeout: soon}
            """)
        #expect(contents.documents.isEmpty)
        #expect(
            contents.rejections.map { "\($0.line ?? 0) \($0.message.prefix { $0 != ":" })" } == [
                "5 sepc is not a known field",
                "3 metadata.nam is not a known field",
                "4 spec.containerImage is not a known field",
                "4 spec.target is not a known field",
                "6 target.port is \"x\"",
                "6 target.timeout is \"soon\"",
                "3 metadata.name is \"Hello_World\"",
                "3 metadata.namespace is \"\"",
                "4 spec.endpoint is missing",
                "4 spec.method is \"FETCH\"",
            ])
        #expect(contents.rejections[2].message.hasSuffix("did you mean target.containerImage?"))
        #expect(contents.rejections[3].message.hasSuffix("did you mean target?"))
    }

    @Test(arguments: ["metadata: {name: x}", "spec: {endpoint: /x}", "target: {containerImage: x}"])
    func `the error for a missing part names it`(missing: String) {
        let parts = ["metadata: {name: x}", "spec: {endpoint: /x}", "target: {containerImage: x}"].filter {
            $0 != missing
        }
        let text = (["apiVersion: f2s.opensight.ch/v1alpha1", "kind: Function"] + parts).joined(separator: "\n")
        let name = missing.prefix { $0 != ":" }
        #expect(reading(text).rejections.map { $0.message.hasPrefix("\(name) is missing") } == [true])
    }

    @Test(arguments: [
        "../x", "a/b", ".", "..", "/etc/passwd", "a.b", "-a", "UPPER", "ä", String(repeating: "a", count: 64),
    ])
    func `a name that could lead out of its folder is rejected`(name: String) {
        let text = manifest().replacing("{name: hello}", with: "{name: \"\(name)\"}")
        #expect(reading(text).rejections.map { $0.message.hasPrefix("metadata.name is") } == [true])
    }

    @Test(arguments: [
        (
            "{endpoint: /x, method: [GET, POST]}",
            "4:30: spec.method is a list: it must be one method: leave it out to answer any method, or declare one "
                + "function per method."
        ),
        (
            "{endpoint: /invoke/x/y}",
            "4:18: spec.endpoint is \"/invoke/x/y\": it must leave out /invoke, which F2S puts in front of it: write "
                + "/x/y."
        ),
    ])
    func `the error for a common mistake in the endpoint contains the right form`(spec: String, rejection: String) {
        let text = """
            apiVersion: f2s.opensight.ch/v1alpha1
            kind: Function
            metadata: {name: x}
            spec: \(spec)
            target: {containerImage: x}
            """
        #expect(reading(text).rejections.map(\.description) == ["f.yaml:" + rejection])
    }

    @Test func `a function must have an image, a command or a source`() {
        let text = manifest().replacing("containerImage: hello:1", with: "port: 80")
        #expect(
            reading(text).rejections.map(\.description) == [
                "f.yaml:6:3: target.containerImage is missing: it must name an image, or target.command must name a "
                    + "program, or target.source must contain one."
            ])
    }
}
