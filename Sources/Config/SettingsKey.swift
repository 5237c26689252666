import F2SManifest
import F2SModel

/// One key of `config.yaml`: its name, and how it is read and written. The table ``all`` is the only list of keys.
struct SettingsKey: Sendable {
    /// The path in the file, for example `f2s.timeouts.http_timeout`.
    let path: String
    /// Reads a value and stores it in the settings.
    let read: @Sendable (YAMLCursor, inout Settings) throws -> Void
    /// Returns the value as JSON, with secrets masked.
    let json: @Sendable (Settings) -> String

    /// The name of the environment variable that overrides the key: the path in upper case, joined by `_`, without a
    /// leading `f2s`.
    var variable: String {
        let inner = path.hasPrefix("f2s.") ? path.dropFirst(4) : path[...]
        return "F2S_" + inner.split(separator: ".").joined(separator: "_").uppercased()
    }

    /// All keys, in the order of the output.
    static let all: [SettingsKey] = [
        flag("debug", \.debug),
        url("prometheus.url", \.prometheusURL),
        time("f2s.timeouts.request_timeout", \.timeouts.request, upTo: .seconds(86_400)),
        time("f2s.timeouts.http_timeout", \.timeouts.http, upTo: .seconds(86_400)),
        time("f2s.timeouts.scaling_timeout", \.timeouts.scaling, upTo: .seconds(86_400)),
        time("f2s.timeouts.abandoned_timeout", \.timeouts.abandoned, upTo: .seconds(86_400)),
        time("f2s.timeouts.failover_timeout", \.timeouts.failover, from: 1000, upTo: .seconds(60)),
        number("f2s.limits.head_bytes", \.limits.headBytesMax, 256...1 << 20),
        number("f2s.limits.target_bytes", \.limits.targetBytesMax, 64...1 << 20),
        number("f2s.limits.fields", \.limits.fieldsMax, 4...10_000),
        number("f2s.limits.body_bytes", \.limits.bodyBytesMax, 1...1 << 53),
        number("f2s.limits.queue_length", \.limits.queueLengthMax, 1...1_000_000),
        number("f2s.limits.connections", \.limits.connectionsMax, 1...1_000_000),
        number("f2s.limits.idle_upstreams", \.limits.idleUpstreamsMax, 0...10_000),
        time("f2s.limits.head_timeout", \.limits.headTimeout, upTo: .seconds(600)),
        time("f2s.limits.idle_timeout", \.limits.idleTimeout, upTo: .seconds(86_400)),
        time("f2s.limits.upstream_idle_timeout", \.limits.upstreamIdleTimeout, upTo: .seconds(3600)),
        time("f2s.limits.tunnel_idle_timeout", \.limits.tunnelIdleTimeout, upTo: .seconds(604_800)),
        time("f2s.limits.drain_timeout", \.limits.drainTimeout, upTo: .seconds(3600)),
        number("f2s.limits.api_body_bytes", \.limits.apiBodyBytesMax, 1 << 20...1 << 32),
        time("f2s.limits.api_body_timeout", \.limits.apiBodyTimeout, upTo: .seconds(600)),
        number("f2s.limits.api_lists", \.limits.apiListsMax, 1...10_000),
        number("f2s.limits.api_invocations", \.limits.apiInvocationsMax, 1...10_000),
        authMethods("f2s.auth.types"),
        authMethod("f2s.auth.global_config.type"),
        users("f2s.auth.basic"),
        secret("f2s.auth.token.jwt_secret", \.auth.token.key),
        flag("f2s.auth.token.require_expiry", \.auth.token.requiresExpiry),
        file("f2s.auth.token.store_file", \.auth.token.storeFile),
        issuers("f2s.auth.oidc"),
        time("f2s.auth.session_lifetime", \.auth.sessionLifetime, from: 60_000, upTo: .seconds(30 * 86_400)),
        grants("f2s.auth.authorization"),
        file("f2s.tls.certificate_file", \.tls.certificateFile),
        file("f2s.tls.key_file", \.tls.keyFile),
        choices("f2s.tls.listeners", \.tls.listeners),
        number("f2s.loops", \.loops, 1...256),
        time("f2s.shutdown_delay", \.shutdownDelay, from: 0, upTo: .seconds(3600)),
        names("f2s.public_hosts", \.publicHosts),
        origin("f2s.public_url", \.publicURL),
        origin("f2s.console_url", \.consoleURL),
        flag("f2s.follow_links", \.followsLinks),
        ranges("f2s.trusted_proxies", \.trustedProxies),
        flag("f2s.proxy_protocol", \.requiresProxyHeader),
        protocols("f2s.upgrade_protocols", \.upgradeProtocols),
        patterns("f2s.allowed_secrets", \.allowedSecrets),
        image(.python),
        image(.node),
        image(.shell),
        choice("f2s.log_format", \.logFormat),
        choice("f2s.access_log", \.accessLogFormat),
        file("f2s.access_log_file", \.accessLogFile),
        flag("f2s.audit_log", \.auditsRequests),
        file("f2s.audit_log_file", \.auditLogFile),
    ]
}

// The types of keys.
extension SettingsKey {
    private static func flag(
        _ path: String, _ field: any WritableKeyPath<Settings, Bool> & Sendable
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            settings[keyPath: field] = try cursor.flag()
        } json: { settings in
            "\(settings[keyPath: field])"
        }
    }

    private static func number(
        _ path: String, _ field: any WritableKeyPath<Settings, Int> & Sendable, _ allowed: ClosedRange<Int>
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            settings[keyPath: field] = try cursor.wholeNumber(in: allowed)
        } json: { settings in
            "\(settings[keyPath: field])"
        }
    }

    private static func number(
        _ path: String, _ field: any WritableKeyPath<Settings, Int?> & Sendable, _ allowed: ClosedRange<Int>
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            settings[keyPath: field] = try cursor.wholeNumber(in: allowed)
        } json: { settings in
            settings[keyPath: field].map { "\($0)" } ?? "null"
        }
    }

    /// Creates a key for a time in whole milliseconds.
    private static func time(
        _ path: String, _ field: any WritableKeyPath<Settings, Duration> & Sendable, from least: Int = 1,
        upTo longest: Duration
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            let allowed = least...Int(longest.wholeMilliseconds)
            settings[keyPath: field] = .milliseconds(try cursor.wholeNumber(in: allowed, unit: "milliseconds"))
        } json: { settings in
            "\(settings[keyPath: field].wholeMilliseconds)"
        }
    }

    private static func url(
        _ path: String, _ field: any WritableKeyPath<Settings, String?> & Sendable
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            let text = try cursor.text()
            guard let url = HTTPAddress.url(text) else {
                // The value may hold a password, so it is not repeated.
                throw YAMLError(
                    "\(path) is not an address: it must be a URL such as http://prometheus:9090.",
                    at: cursor.node.position)
            }
            settings[keyPath: field] = url
        } json: { settings in
            settings[keyPath: field].map { HTTPAddress.maskingPassword($0).jsonText } ?? "null"
        }
    }

    /// Creates a key for the scheme, host and port of a listener, as a browser reaches it.
    private static func origin(
        _ path: String, _ field: any WritableKeyPath<Settings, String?> & Sendable
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            guard let origin = HTTPAddress.origin(try cursor.text()) else {
                throw cursor.error("be http:// or https:// with a host, and without a path, as https://f2s.example.org")
            }
            settings[keyPath: field] = origin
        } json: { settings in
            settings[keyPath: field].map(\.jsonText) ?? "null"
        }
    }

    /// Creates a key for host names: a list, or a text with commas between the names, as in a variable.
    private static func names(
        _ path: String, _ field: any WritableKeyPath<Settings, [String]> & Sendable
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            settings[keyPath: field] = try cursor.elements(example: "[functions.example.org]").map { element in
                let name = try element.text().lowercased()
                guard HostName.isValid(name) else {
                    throw element.error("be the name of a host, without scheme and port")
                }
                return name
            }
        } json: { settings in
            "[\(settings[keyPath: field].map(\.jsonText).joined(separator: ","))]"
        }
    }

    /// Creates a key for addresses and ranges of addresses.
    private static func ranges(
        _ path: String, _ field: any WritableKeyPath<Settings, [AddressRange]> & Sendable
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            settings[keyPath: field] = try cursor.elements(example: "[10.0.0.0/8]").map { element in
                guard let range = AddressRange(try element.text()) else {
                    throw element.error("be an IP address, or a range of them such as 10.0.0.0/8")
                }
                return range
            }
        } json: { settings in
            "[\(settings[keyPath: field].map(\.description.jsonText).joined(separator: ","))]"
        }
    }

    /// Creates a key for protocols in Upgrade fields. Other versions of HTTP are not allowed: such a connection would
    /// carry requests that F2S does not see.
    private static func protocols(
        _ path: String, _ field: any WritableKeyPath<Settings, [String]> & Sendable
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            settings[keyPath: field] = try cursor.elements(example: "[websocket]").map { element in
                let name = try element.text().lowercased()
                guard UpgradeProtocol.isValid(name) else {
                    throw element.error("be a protocol such as websocket, and not a version of HTTP")
                }
                return name
            }
        } json: { settings in
            "[\(settings[keyPath: field].map(\.jsonText).joined(separator: ","))]"
        }
    }

    /// Creates a key for patterns of names: a list, or a text with commas between the patterns, as in a variable.
    private static func image(_ runtime: SourceCode.Runtime) -> SettingsKey {
        SettingsKey(path: "f2s.runtimes.\(runtime.rawValue).image") { cursor, settings in
            let image = try cursor.text()
            guard !image.isEmpty, image.utf8.count <= 1024, !image.contains(where: \.isWhitespace) else {
                throw cursor.error("be an image reference without spaces, such as python:3.12-slim")
            }
            settings.runtimeImages[runtime] = image
        } json: { settings in
            settings.runtimeImages[runtime].map(\.jsonText) ?? "null"
        }
    }

    private static func patterns(
        _ path: String, _ field: any WritableKeyPath<Settings, [NamePattern]> & Sendable
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            settings[keyPath: field] = try cursor.elements(example: "[function-*]").map { element in
                guard let pattern = NamePattern(try element.text()) else {
                    throw element.error(
                        "be a name of lower-case letters, digits, '-' and '.', or a pattern with '*'")
                }
                return pattern
            }
        } json: { settings in
            "[\(settings[keyPath: field].map(\.text.jsonText).joined(separator: ","))]"
        }
    }

    /// Creates a key for one of several words.
    private static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ path: String, _ field: any WritableKeyPath<Settings, Choice> & Sendable
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            guard let choice = Choice(rawValue: try cursor.text()) else {
                throw cursor.error("be one of: " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
            }
            settings[keyPath: field] = choice
        } json: { settings in
            settings[keyPath: field].rawValue.jsonText
        }
    }

    /// Creates a key for some of several words: a list, or a text with commas between the words, as in a variable.
    private static func choices<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ path: String, _ field: any WritableKeyPath<Settings, [Choice]> & Sendable
    ) -> SettingsKey {
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return SettingsKey(path: path) { cursor, settings in
            settings[keyPath: field] = try cursor.elements(example: "[\(known)]").map { element in
                guard let choice = Choice(rawValue: try element.text()) else {
                    throw element.error("be one of: \(known)")
                }
                return choice
            }
        } json: { settings in
            "[\(settings[keyPath: field].map(\.rawValue.jsonText).joined(separator: ","))]"
        }
    }

    /// Creates a key for the path of a file.
    private static func file(
        _ path: String, _ field: any WritableKeyPath<Settings, String?> & Sendable
    ) -> SettingsKey {
        SettingsKey(path: path) { cursor, settings in
            settings[keyPath: field] = try Self.path(cursor)
        } json: { settings in
            settings[keyPath: field].map(\.jsonText) ?? "null"
        }
    }
}

extension YAMLCursor {
    /// Returns the elements of a list, or the parts of a text with commas, as in a variable.
    func elements(example: String) throws(YAMLError) -> [YAMLCursor] {
        guard case .scalar(let text, _) = node.content, !node.isNull else { return try list(example: example) }
        return text.split(separator: ",").map { part in
            let name = String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            return YAMLCursor(YAMLNode(.scalar(name, isPlain: true), at: node.position), path: path)
        }
    }

    /// Returns a whole number within bounds.
    func wholeNumber(in allowed: ClosedRange<Int>, unit: String? = nil) throws(YAMLError) -> Int {
        let number = try wholeNumber()
        guard allowed.contains(number) else {
            throw error(
                "be between \(allowed.lowerBound) and \(allowed.upperBound)" + (unit.map { " \($0)" } ?? ""))
        }
        return number
    }
}

/// The name of a host as in a URL (RFC 1123 section 2.1), for settings.
private enum HostName {
    /// The maximum length of a name, in bytes (RFC 1035 section 2.3.4).
    private static let bytesMax = 253

    /// Returns true if the text consists of lower-case letters, digits and hyphens, separated by dots. A port, a scheme
    /// or a pattern is not allowed.
    static func isValid(_ text: String) -> Bool {
        guard (1...bytesMax).contains(text.utf8.count) else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.first != "-" && label.last != "-" && label.utf8.allSatisfy(isLabelByte)
        }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }
}

/// The name of a protocol in an Upgrade field (RFC 9110 section 7.8), for settings.
private enum UpgradeProtocol {
    private static let bytesMax = 64

    /// Returns true if the text is a token, optionally with a version after a slash, and not a version of HTTP.
    static func isValid(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), text.utf8.count <= bytesMax,
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isTokenByte) })
        else { return false }
        return !["http", "h2", "h2c", "h3"].contains(parts[0].lowercased())
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
