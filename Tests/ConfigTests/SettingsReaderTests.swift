import F2SConfig
import F2SModel
import Testing

@Suite struct SettingsReaderTests {
    private func read(_ text: String?, _ environment: [String: String] = [:]) throws -> Settings {
        try SettingsReader().read(text.map { Array($0.utf8) }, environment: environment)
    }

    /// Returns the errors of settings that must be rejected.
    private func errors(_ text: String?, _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try read(text, environment)
            return []
        } catch let error as SettingsError {
            return error.rejections.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    @Test(arguments: [nil, "", "# nothing\n", "---\n", "f2s:\n", "debug:\nf2s: {timeouts: , limits: {}}\nkafka: {}\n"])
    func `a setting that is absent has its default`(text: String?) throws {
        #expect(try read(text) == Settings())
    }

    @Test func `the published settings and the new ones are read`() throws {
        let settings = try read(
            """
            debug: true
            prometheus:
              url: http://prometheus:9090
            f2s:
              timeouts:
                request_timeout: 100000
                http_timeout: 50000
                scaling_timeout: 40000
              limits: {queue_length: 5, body_bytes: 1048576, drain_timeout: 1500, head_bytes: 16384, idle_upstreams: 0}
              auth:
                global_config:
                  type: none
              loops: 3
            kafka:
            """)
        #expect(settings.debug)
        #expect(settings.prometheusURL == "http://prometheus:9090")
        #expect(settings.timeouts == Timeouts(request: .seconds(100), http: .seconds(50), scaling: .seconds(40)))
        #expect(settings.limits.queueLengthMax == 5)
        #expect(settings.limits.bodyBytesMax == 1 << 20)
        #expect(settings.limits.drainTimeout == .milliseconds(1500))
        #expect(settings.limits.headBytesMax == 16384)
        #expect(settings.limits.idleUpstreamsMax == 0)
        #expect(settings.auth.methods == [.none])
        #expect(settings.loops == 3)
    }

    private static let refused: [(text: String, error: String)] = [
        ("debgu: true", "1:1: debgu is not a known field: did you mean debug?"),
        (
            "f2s:\n  timeouts:\n    http_timout: 5",
            "3:5: f2s.timeouts.http_timout is not a known field: did you mean f2s.timeouts.http_timeout?"
        ),
        (
            "timeouts: {http_timeout: 5}",
            "1:1: timeouts is not a known field: known here are debug, prometheus, f2s, kafka."
        ),
        (
            "f2s:\n  http_timeout: 5",
            "2:3: f2s.http_timeout is not a known field: did you mean f2s.timeouts.http_timeout?"
        ),
        (
            "f2s: {limits: {xyzzy: 5}}",
            "1:16: f2s.limits.xyzzy is not a known field: known here are head_bytes, target_bytes, "
                + "fields, body_bytes, queue_length, connections, idle_upstreams, head_timeout, idle_timeout, "
                + "upstream_idle_timeout, tunnel_idle_timeout, drain_timeout, api_body_bytes, api_body_timeout, "
                + "api_lists, api_invocations."
        ),
        ("debug: yes", #"1:8: debug is "yes": it must be true or false."#),
        ("debug: \"true\"", #"1:8: debug is "true": it must be true or false."#),
        (
            "f2s: {timeouts: {http_timeout: 60s}}",
            #"1:32: f2s.timeouts.http_timeout is "60s": it must be a whole number."#
        ),
        (
            "f2s: {timeouts: {http_timeout: 0}}",
            #"1:32: f2s.timeouts.http_timeout is "0": it must be between 1 and 86400000 milliseconds."#
        ),
        (
            "f2s: {limits: {queue_length: -1}}",
            #"1:30: f2s.limits.queue_length is "-1": it must be between 1 and 1000000."#
        ),
        ("f2s: {log_format: xml}", #"1:19: f2s.log_format is "xml": it must be one of: text, json."#),
        (
            "f2s: {access_log: xml}", #"1:19: f2s.access_log is "xml": it must be one of: none, json, combined."#
        ),
        (
            "f2s: {audit_log_file: audit.log}",
            #"1:23: f2s.audit_log_file is "audit.log": it must be the path of a file, from the root folder on."#
        ),
        ("f2s: {loops: 300}", #"1:14: f2s.loops is "300": it must be between 1 and 256."#),
        (
            "f2s: {auth: {global_config: {type: ldap}}}",
            #"1:36: f2s.auth.global_config.type is "ldap": it must be one of: none, basic, token, oidc."#
        ),
        (
            "f2s: {auth: {types: [basic, none]}}",
            "1:21: f2s.auth.types is a list: it must not contain none beside other methods."
        ),
        (
            "f2s: {auth: {types: [basic, basic]}}",
            #"1:29: f2s.auth.types[1] is "basic": it must be listed once."#
        ),
        (
            "f2s: {auth: {types: [none], global_config: {type: none}}}",
            " f2s.auth.types and f2s.auth.global_config.type are both set, and mean the same: leave out the latter."
        ),
        (
            "f2s: {auth: {types: [basic], authorization: [{group: a, privileges: []}]}}",
            " The method basic needs users: list them in f2s.auth.basic."
        ),
        (
            "f2s: {auth: {types: [token], authorization: [{group: a, privileges: []}]}}",
            " The method token needs tokens: set f2s.auth.token.store_file, the file in which F2S stores API tokens, "
                + "or f2s.auth.token.jwt_secret (F2S_AUTH_TOKEN_JWT_SECRET), the key that signs tokens."
        ),
        (
            "f2s: {auth: {types: [token], token: {jwt_secret: secret}}}",
            " Callers are authenticated, and no group has a privilege, so no caller could do anything: list groups "
                + "and their privileges in f2s.auth.authorization."
        ),
        (
            "f2s: {auth: {basic: [{username: a, password: x}, {username: a, password: secret}]}}",
            "1:50: f2s.auth.basic[1] must have another username: a is listed twice."
        ),
        (
            "f2s: {auth: {basic: [{username: 'a:b', password: secret}]}}",
            "1:33: f2s.auth.basic[0].username must be a name without a colon."
        ),
        (
            "f2s: {auth: {basic: [{username: a, password: '***'}]}}",
            "1:46: f2s.auth.basic[0].password is ***, by which F2S masks a secret in its output: write the secret "
                + "itself."
        ),
        (
            "f2s: {auth: {basic: [{username: a, password: $scrypt$secret}]}}",
            "1:46: f2s.auth.basic[0].password begins like the hash of a password and is none: use what "
                + "`f2s token hash` prints."
        ),
        (
            "f2s: {auth: {basic: [{username: a, password: [secret]}]}}",
            "1:46: f2s.auth.basic[0].password must be a text that is not empty."
        ),
        (
            "f2s: {auth: {authorization: [{group: a, privileges: [functions:run]}]}}",
            #"1:54: f2s.auth.authorization[0].privileges[0] is "functions:run": it must begin with one of "#
                + "functions:list, functions:invoke, functions:create, functions:update, functions:delete, "
                + "functions:logs, functions:expose, settings:view, settings:update."
        ),
        (
            "f2s: {public_hosts: [\"http://f2s.example\"]}",
            #"1:22: f2s.public_hosts[0] is "http://f2s.example": it must be the name of a host, without scheme and "#
                + "port."
        ),
        (
            "f2s: {trusted_proxies: [10.0.0.0/33]}",
            #"1:25: f2s.trusted_proxies[0] is "10.0.0.0/33": it must be an IP address, or a range of them such as "#
                + "10.0.0.0/8."
        ),
        (
            "f2s: {proxy_protocol: true}",
            " f2s.proxy_protocol is true, and f2s.trusted_proxies is empty: list the addresses of the proxies that "
                + "send the header of the PROXY protocol, or set f2s.proxy_protocol to false."
        ),
        (
            "f2s: {proxy_protocol: true, trusted_proxies: []}",
            " f2s.proxy_protocol is true, and f2s.trusted_proxies is empty: list the addresses of the proxies that "
                + "send the header of the PROXY protocol, or set f2s.proxy_protocol to false."
        ),
        ("f2s: {proxy_protocol: v2}", #"1:23: f2s.proxy_protocol is "v2": it must be true or false."#),
        (
            "f2s: {proxy_protocl: true}",
            "1:7: f2s.proxy_protocl is not a known field: did you mean f2s.proxy_protocol?"
        ),
        (
            "f2s: {upgrade_protocols: [websocket, h2c]}",
            #"1:38: f2s.upgrade_protocols[1] is "h2c": it must be a protocol such as websocket, and not a version of "#
                + "HTTP."
        ),
        (
            "f2s: {public_hosts: {a: b}}",
            "1:21: f2s.public_hosts is a map: it must be a list such as [functions.example.org]."
        ),
        (
            "f2s: {auth: {bsic: []}}",
            "1:14: f2s.auth.bsic is not a known field: did you mean f2s.auth.basic?"
        ),
        (
            "f2s: {auth: {token: secret}}",
            "1:21: f2s.auth.token must be a map of fields."
        ),
        (
            "f2s: {auth: {basic: [\"ann:secret\"]}}",
            "1:22: f2s.auth.basic[0] must be a map such as {username: ann, password: ..., group: admins}."
        ),
        (
            "f2s: {auth: {basic: \"ann:secret\"}}",
            "1:21: f2s.auth.basic must be a list such as [{username: ann, password: ..., group: admins}]."
        ),
        (
            "f2s: {auth: {basic: [{password: secret}]}}",
            "1:22: f2s.auth.basic[0] must have a username and a password."
        ),
        (
            "prometheus: {url: \"ftp://user:secret@x\"}",
            "1:19: prometheus.url is not an address: it must be a URL such as http://prometheus:9090."
        ),
        ("prometheus: http://x", #"1:13: prometheus is "http://x": it must be a map of fields."#),
        ("f2s: [1]", "1:6: f2s is a list: it must be a map of fields."),
        ("hello", #"1:1: The document is "hello": it must be a map of fields."#),
        ("debug: true\n---\ndebug: false", " The file holds 2 documents: it must hold one."),
        ("a: &a 1\nb: *a", "1:4: Anchors (&name) and aliases (*name) are not accepted: write the value out."),
        ("debug: true\ndebug: true", #"1:1: "debug" occurs more than once in one mapping. A key may occur only once."#),
        ("debug: [", "2:1: The text is not valid YAML: did not find expected node content while parsing a flow node."),
        (
            "f2s: {limits: {head_bytes: 1024, target_bytes: 2048}}",
            " f2s.limits.target_bytes (2048) must be at most f2s.limits.head_bytes (1024), of which it is a part."
        ),
    ]

    @Test(arguments: refused)
    func `an invalid key or value is rejected with its position`(text: String, error: String) {
        #expect(errors(text) == ["config.yaml:" + error])
    }

    @Test func `all errors are reported at once`() {
        #expect(errors("debug: 1\nf2s: {loops: 0, loop: 1}", ["F2S_LOOPS": "many"]).count == 4)
    }

    @Test func `host names are a list, with commas in the environment`() throws {
        #expect(try read("f2s: {public_hosts: [F2S.example, localhost]}").publicHosts == ["f2s.example", "localhost"])
        let variable = ["F2S_PUBLIC_HOSTS": "one.example, two.example"]
        #expect(try read("f2s: {public_hosts: [a]}", variable).publicHosts == ["one.example", "two.example"])
        #expect(try read("f2s: {public_hosts: [a, b-1.c]}").json.contains(#""public_hosts":["a","b-1.c"]"#))
        #expect(try read("").json.contains(#""public_hosts":[]"#))
    }

    @Test func `the PROXY protocol is off by default, and needs trusted proxies of the file or the environment`() throws
    {
        #expect(try !read("f2s: {trusted_proxies: [10.0.0.7]}").requiresProxyHeader)
        #expect(try read("f2s: {trusted_proxies: [10.0.0.7], proxy_protocol: true}").requiresProxyHeader)
        let variables = ["F2S_PROXY_PROTOCOL": "true", "F2S_TRUSTED_PROXIES": "10.0.0.7, 192.168.0.0/16"]
        #expect(try read(nil, variables).requiresProxyHeader)
        #expect(try read("f2s: {proxy_protocol: true}", ["F2S_TRUSTED_PROXIES": "10.0.0.7"]).requiresProxyHeader)
        #expect(errors(nil, ["F2S_PROXY_PROTOCOL": "true"]).count == 1)
    }

    @Test func `allowed Secrets are patterns, and by default every name is allowed`() throws {
        #expect(Settings().allowsSecret("any.name"))
        for settings in [
            try read("f2s: {allowed_secrets: [function-*, exact]}"),
            try read(nil, ["F2S_ALLOWED_SECRETS": "function-*, exact"]),
        ] {
            #expect(settings.allowsSecret("function-a") && settings.allowsSecret("exact"))
            #expect(!settings.allowsSecret("registry") && !settings.allowsSecret("exact2"))
        }
        #expect(try !read("f2s: {allowed_secrets: []}").allowsSecret("a"))
        #expect(errors("f2s: {allowed_secrets: [A]}").count == 1)
    }

    @Test func `the environment overrides the file`() throws {
        let settings = try read(
            "debug: false\nf2s: {timeouts: {request_timeout: 1}, limits: {queue_length: 1}}",
            [
                "F2S_DEBUG": "true", "F2S_TIMEOUTS_REQUEST_TIMEOUT": "5000", "F2S_LIMITS_QUEUE_LENGTH": "7",
                "F2S_AUTH_GLOBAL_CONFIG_TYPE": "none", "Prometheus_URL": "https://user:secret@prometheus/x",
                "F2S_LOOPS": "2",
            ])
        #expect(settings.debug)
        #expect(settings.timeouts.request == .seconds(5))
        #expect(settings.limits.queueLengthMax == 7)
        #expect(settings.prometheusURL == "https://user:secret@prometheus/x")
        #expect(settings.loops == 2)
    }

    @Test func `other variables are ignored, and empty ones count as not set`() throws {
        let environment = [
            "F2S_SERVICE_HOST": "10.0.0.1", "F2S_PORT": "tcp://10.0.0.1:8080", "F2S_SERVER": "x", "HOME": "/",
            "F2S_DEBUG": "",
            "F2S_LIMITS_QUEUE_LENGTH": "", "f2s_debug": "x",
        ]
        #expect(try read(nil, environment) == Settings())
    }

    @Test(arguments: [
        ("F2S_TIMEOUTS_REQEST_TIMEOUT", "1", "The variable is not known: did you mean F2S_TIMEOUTS_REQUEST_TIMEOUT?"),
        ("F2S_LIMITS_ZZZZZZZZZZZZZZ", "1", "The variable is not known: no setting of F2S_LIMITS_… has this name."),
        ("F2S_DEBUG", "on", #"debug is "on": it must be true or false."#),
        ("F2S_TIMEOUTS_HTTP_TIMEOUT", "1s", #"f2s.timeouts.http_timeout is "1s": it must be a whole number."#),
        (
            "Prometheus_URL", "prometheus:port",
            "prometheus.url is not an address: it must be a URL such as http://prometheus:9090."
        ),
    ])
    func `an invalid variable is rejected with its name`(name: String, value: String, error: String) {
        #expect(errors(nil, [name: value]) == ["\(name): \(error)"])
    }

    @Test(arguments: [
        "http://a", "https://a:9090/x?y#z", "http://user@a", "http://user:secret@a:1", "http://[::1]:9090",
    ])
    func `the URL of a server is accepted`(url: String) throws {
        #expect(try read(nil, ["Prometheus_URL": url]).prometheusURL == url)
    }

    @Test(arguments: [
        ("localhost:9090", "http://localhost:9090"), ("prometheus", "http://prometheus"),
        ("prometheus-service.f2s:9090", "http://prometheus-service.f2s:9090"),
        ("192.168.2.40:32133/prefix", "http://192.168.2.40:32133/prefix"), ("[::1]:9090", "http://[::1]:9090"),
        ("user:secret@prometheus:9090", "http://user:secret@prometheus:9090"),
    ])
    func `an address without a scheme is read as an http URL`(text: String, url: String) throws {
        #expect(try read(nil, ["Prometheus_URL": text]).prometheusURL == url)
        #expect(try read("prometheus: {url: \"\(text)\"}").prometheusURL == url)
    }

    @Test(arguments: [
        "http://", "http:///x", "http://:80", "//a", "http://a b", "file:///x", "http://user@", "mailto:x", "a:b:1",
        "a:65536", "http://a:b", ":9090", "/x",
    ])
    func `a text that is not the address of a server is rejected`(url: String) {
        #expect(errors(nil, ["Prometheus_URL": url]).count == 1)
    }

    @Test func `the JSON of the settings contains every key and no password`() throws {
        var settings = Settings()
        settings.prometheusURL = "http://user:secret@prometheus:9090/\"x\""
        settings.loops = 2
        #expect(
            settings.json == #"{"debug":false,"prometheus":{"url":"http://user:***@prometheus:9090/\"x\""},"#
                + #""f2s":{"timeouts":{"request_timeout":120000,"http_timeout":60000,"scaling_timeout":45000,"#
                + #""abandoned_timeout":30000,"failover_timeout":4000},"#
                + #""limits":{"head_bytes":32768,"target_bytes":8192,"fields":100,"body_bytes":null,"#
                + #""queue_length":10000,"#
                + #""connections":20000,"idle_upstreams":64,"head_timeout":10000,"idle_timeout":75000,"#
                + #""upstream_idle_timeout":4000,"tunnel_idle_timeout":3600000,"drain_timeout":30000,"#
                + #""api_body_bytes":16777216,"api_body_timeout":30000,"api_lists":64,"api_invocations":64},"#
                + #""auth":{"types":null,"global_config":{"type":"none"},"basic":[],"#
                + #""token":{"jwt_secret":null,"require_expiry":false,"store_file":null},"oidc":[],"#
                + #""session_lifetime":43200000,"#
                + #""authorization":[]},"#
                + #""tls":{"certificate_file":null,"key_file":null,"listeners":["public","management","console"]},"#
                + #""loops":2,"shutdown_delay":0,"public_hosts":[],"public_url":null,"console_url":null,"#
                + #""follow_links":false,"trusted_proxies":[],"proxy_protocol":false,"#
                + #""upgrade_protocols":["websocket"],"#
                + #""allowed_secrets":["*"],"runtimes":{"python":{"image":"python:3.12-slim"},"#
                + #""node":{"image":"node:22-slim"},"shell":{"image":null}},"#
                + #""log_format":"text","access_log":"none","access_log_file":null,"#
                + #""audit_log":true,"audit_log_file":null}}"#)
    }

    /// All blocks that the chart of F2S 0.5 renders, with its default values.
    private static let published = """
        debug: true

        prometheus:
          url: prometheus-service.f2s:9090

        f2s:
          memberlist:
            bind_port: 7079
            cluster: f2s-memberlist.f2s
          timeouts:
            request_timeout: 120000
            http_timeout: 60000
            scaling_timeout: 4000
          auth:
            global_config:
              type: none
            basic:
              - username: first
                password: in-the-clear
                group: admins
            token:
              tokens:
                - token: a.b.c
              jwt_secret: test
            authorization:
              - group: admins
                privileges: [functions:list, functions:invoke, settings:view]
          kafka:
            enabled: false
            brokers: [kafka-0.kafka:9092]
            listeners:
              - topic: test
                actions:
                  - triggers: [{type: key, filter: equal, value: test-key}]
                    f2sfunctions: [ffe4eb97-3716-479f-8cd4-f86d05bb8e99]
                    response: {key: test-response}
        """

    @Test func `a published file is read, with one warning for each group of skipped sections`() throws {
        let reading = try SettingsReader().reading(Array(Self.published.utf8))
        let (settings, warnings) = (reading.settings, reading.warnings)
        #expect(settings.debug)
        #expect(settings.prometheusURL == "http://prometheus-service.f2s:9090")
        #expect(settings.timeouts.scaling == .seconds(4))
        #expect(settings.auth.methods == [.none])
        #expect(
            settings.auth.users == [
                AuthSettings.User(name: "first", password: Secret("in-the-clear"), groups: ["admins"])
            ])
        #expect(settings.auth.token.key == Secret("test"))
        #expect(settings.auth.grants == ["admins": [Grant(.list), Grant(.invoke), Grant(.viewSettings)]])
        #expect(
            warnings == [
                "f2s.auth.token.tokens has no effect: every token that is signed with jwt_secret is accepted. Leave "
                    + "it out.",
                "f2s.memberlist has no effect: F2S processes find each other through the cluster's API server. Leave "
                    + "it out.",
                "f2s.kafka has no effect: messages from Kafka come with issue 9 (Kafka).",
            ])
    }

    @Test(arguments: [
        "f2s: {auth: {basic: , token: {}, authorization: []}, kafka: , memberlist: {}}", "kafka: []", "f2s: {auth: }",
    ])
    func `a section without content needs no warning`(text: String) throws {
        #expect(try SettingsReader().reading(Array(text.utf8)).warnings.isEmpty)
    }

    @Test func `the JSON of the settings can be read back`() throws {
        var settings = Settings()
        settings.debug = true
        settings.prometheusURL = "http://prometheus:9090"
        settings.timeouts.http = .milliseconds(1)
        settings.limits.bodyBytesMax = 5
        settings.shutdownDelay = .seconds(5)
        settings.publicHosts = ["f2s.example"]
        settings.logFormat = .json
        settings.allowedSecrets = [try #require(NamePattern("function-*"))]
        settings.trustedProxies = [try #require(AddressRange("10.0.0.0/8")), try #require(AddressRange("::1"))]
        settings.requiresProxyHeader = true
        settings.upgradeProtocols = ["websocket", "foo/1"]
        #expect(try read(settings.json) == settings)
    }
}
