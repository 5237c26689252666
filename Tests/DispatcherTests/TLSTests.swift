import F2SDispatcher
import F2SModel
import F2SSystem
import NIOCore
import NIOSSL
import Testing

/// Tests listeners with TLS. The clients use BoringSSL, and not the library of the listeners.
@Suite struct TLSTests {
    private static let failures = "f2s_tls_handshakes_failed_total"

    /// Runs a dispatcher with TLS and the function `/hello`, which responds with the length of the request's content.
    private func withTLS(
        _ certificate: TLSCertificate = TestCertificate.shared, limits: Limits = .ofTests,
        _ body: (Testbed, StubServer) async throws -> Void
    ) async throws {
        let server = try await StubServer.start { $0.connection.send(ok("\($0.body.utf8.count) bytes")) }
        try await withTestbed(limits: limits, tls: certificate) { bed in
            try await bed.serve(server)
            try await body(bed, server)
        }
        await server.stop()
    }

    private func client(
        of bed: Testbed, greeting: String = "", _ change: (inout TLSConfiguration) -> Void = { _ in }
    ) async throws -> RawClient {
        let tls = try TestCertificate.client(trusting: TestCertificate.shared, change)
        return try await RawClient.connect(to: bed.port, tls: tls, greeting: greeting)
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13], [TestCertificate.Key.elliptic, .rsa])
    func `requests of one connection get responses`(version: TLSVersion, key: TestCertificate.Key) async throws {
        let certificate = TestCertificate.make(key)
        try await withTLS(certificate) { bed, server in
            let tls = try TestCertificate.client(trusting: certificate) { configuration in
                configuration.minimumTLSVersion = version
                configuration.maximumTLSVersion = version
            }
            let client = try await RawClient.connect(to: bed.port, tls: tls)
            for number in 1...20 {
                #expect(try await client.ask(post(String(repeating: "x", count: number))).body == "\(number) bytes")
            }
            #expect(server.requests.allSatisfy { $0.fields("X-Forwarded-Proto") == ["https"] })
            #expect(server.requests.allSatisfy { $0.fields("Forwarded") == ["for=127.0.0.1;proto=https"] })
            client.close()
            try await eventually("no connection is left") { bed.clientConnections == 0 }
            #expect(await bed.metric(Self.failures) == 0)
        }
    }

    private func post(_ body: String) -> String {
        "POST /invoke/hello HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func `pipelined requests, and requests in records of one byte, get their responses`() async throws {
        try await withTLS { bed, _ in
            let client = try await client(of: bed)
            client.send((1...200).map { post(String(repeating: "x", count: $0)) }.joined())
            for number in 1...200 { #expect(try await client.answer().body == "\(number) bytes") }
            try await client.dribble(post("abc"))
            #expect(try await client.answer().body == "3 bytes")
        }
    }

    /// Lengths at the boundaries of records (16 KiB) and of the dispatcher's buffers, and larger ones.
    @Test(arguments: [0, 1, 1023, 1024, 1025, 16_000, 16_383, 16_384, 16_385, 65_536, 262_144, 300_001, 3_000_000])
    func `content of any length arrives unchanged in both directions`(length: Int) async throws {
        let content = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let expected = content.map { UInt8(ascii: "a") + $0 % 26 }
        let text = String(decoding: expected, as: UTF8.self)
        let server = try await StubServer.start { $0.connection.send(ok($0.body)) }
        try await withTestbed(tls: TestCertificate.shared) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            for _ in 0..<2 {
                let answer = try await client.ask(post(text))
                #expect(answer.body == text, "\(answer.body.utf8.count) of \(length) bytes")
            }
        }
        await server.stop()
    }

    @Test func `a client that does not read stops the replica, and gets all bytes once it reads`() async throws {
        let total = 32 << 20
        let server = try await StubServer.start { request in
            guard request.line.contains("/all") else { return request.connection.send(ok("hi")) }
            request.connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            request.connection.send(ByteBuffer(repeating: UInt8(ascii: "x"), count: total))
        }
        try await withTestbed(tls: TestCertificate.shared) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            // The handshake needs a client that reads.
            #expect(try await client.ask(get()).body == "hi")
            try await client.setReading(false)
            client.send(get("/hello/all"))
            try await eventually("the request") { server.requests.count == 2 }
            let left = try await settled("the replica's unwritten bytes") {
                try await server.requests[1].connection.unwritten()
            }
            #expect(left > 0)
            try await client.setReading(true)
            try await eventually("all bytes arrive") { client.inbox.total > total }
            try await eventually("no invocation is left") { bed.isIdle() }
            print("TLS back pressure: \(left) of \(total) bytes waited at the replica.")
        }
        await server.stop()
    }

    @Test(arguments: ["GET", "POST", "DELETE", "OPTIONS", "X"])
    func `a request without TLS gets 400 that names https`(method: String) async throws {
        try await withTLS { bed, server in
            let plain = try await RawClient.connect(to: bed.port)
            let answer = try await plain.ask("\(method) /invoke/hello HTTP/1.1\r\nHost: a\r\n\r\n", toHead: false)
            #expect(answer.status == 400)
            #expect(answer.body.contains("use an https:// URL"), "\(answer.body)")
            plain.finishSending()
            try await plain.closed()
            #expect(server.requests.isEmpty)
            #expect(await bed.metric(Self.failures) == 1)
            #expect(try await client(of: bed).ask(post("abc")).body == "3 bytes")
        }
    }

    @Test func `bytes that are neither TLS nor HTTP end the connection, and no other`() async throws {
        try await withTLS { bed, _ in
            let good = try await client(of: bed)
            #expect(try await good.ask(post("a")).body == "1 bytes")
            let badHello = "\u{16}\u{3}\u{1}\0\u{5}\u{1}\0\0\u{1}\u{1}"
            for junk in [badHello, "\0\0\0\0\0\0\0\0", "\u{16}GET / HTTP/1.1\r\n\r\n"] {
                let client = try await RawClient.connect(to: bed.port)
                client.send(junk)
                try await client.closed()
            }
            #expect(await bed.metric(Self.failures) == 3)
            #expect(try await good.ask(post("ab")).body == "2 bytes")
        }
    }

    @Test func `a connection that sends nothing is no failed handshake, and one that stalls is one`() async throws {
        var limits = Limits.ofTests
        limits.headTimeout = .seconds(2)
        try await withTLS(limits: limits) { bed, _ in
            let probe = try await RawClient.connect(to: bed.port)
            probe.close()
            let stalled = try await RawClient.connect(to: bed.port)
            stalled.send("\u{16}\u{3}\u{1}")
            try await stalled.closed()
            try await eventually("no connection is left") { bed.clientConnections == 0 }
            #expect(await bed.metric(Self.failures) == 1)
        }
    }

    @Test func `a protocol other than HTTP 1_1, and versions before 1_2, are refused`() async throws {
        try await withTLS { bed, _ in
            for names in [[], ["http/1.1"], ["h2", "http/1.1"]] {
                let client = try await client(of: bed) { $0.applicationProtocols = names }
                #expect(try await client.ask(post("a")).body == "1 bytes")
            }
            let h2 = try await client(of: bed) { $0.applicationProtocols = ["h2"] }
            try await h2.closed()
            #expect(h2.inbox.failure?.contains("NO_APPLICATION_PROTOCOL") == true, "\(h2.inbox.failure ?? "none")")
            let old = try await client(of: bed) { configuration in
                configuration.minimumTLSVersion = .tlsv1
                configuration.maximumTLSVersion = .tlsv11
            }
            try await old.closed()
            #expect(old.inbox.failure?.contains("PROTOCOL_VERSION") == true, "\(old.inbox.failure ?? "none")")
        }
    }

    @Test func `new connections use a new certificate, and earlier ones go on`() async throws {
        try await withTLS { bed, _ in
            let earlier = try await client(of: bed)
            #expect(try await earlier.ask(post("a")).body == "1 bytes")
            let certificate = TestCertificate.make()
            bed.dispatcher.apply(try ListenerTLS(TestCertificate.settings(certificate)))
            await bed.dispatcher.waitForLoops()
            let tls = try TestCertificate.client(trusting: certificate)
            let later = try await RawClient.connect(to: bed.port, tls: tls)
            #expect(try await later.ask(post("ab")).body == "2 bytes")
            #expect(try await earlier.ask(post("abc")).body == "3 bytes")
            let distrustful = try await client(of: bed)
            try await distrustful.closed()
            let expiry = await bed.metric("f2s_tls_certificate_expiry_timestamp_seconds")
            #expect((86_000...86_400).contains(expiry - SystemClock.secondsSince1970()))
            bed.dispatcher.apply(ListenerTLS?.none)
            await bed.dispatcher.waitForLoops()
            #expect(try await RawClient.connect(to: bed.port).ask(post("abcd")).body == "4 bytes")
        }
    }

    @Test func `the header of the PROXY protocol precedes TLS`() async throws {
        try await withTLS { bed, server in
            bed.dispatcher.apply(
                DispatcherSettings.Tuning(
                    limits: .ofTests, trustedProxies: [try AddressRange("127.0.0.1").orThrow()],
                    requiresProxyHeader: true))
            await bed.dispatcher.waitForLoops()
            let client = try await client(of: bed, greeting: "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n")
            #expect(try await client.ask(post("a")).body == "1 bytes")
            #expect(try await client.ask(post("ab")).body == "2 bytes")
            #expect(server.requests.allSatisfy { $0.fields("Forwarded") == ["for=192.0.2.7;proto=https"] })
            #expect(await bed.metric(Self.failures) == 0)
        }
    }

    @Test func `the end of a response with Connection close is the end of TLS`() async throws {
        try await withTLS { bed, _ in
            let client = try await client(of: bed)
            #expect(try await client.ask(get("/hello", "Connection: close\r\n")).body == "0 bytes")
            try await client.closed()
            #expect(client.inbox.failure == nil)
        }
    }

    @Test func `content that ends too early does not end TLS`() async throws {
        let server = try await StubServer.start { request in
            request.connection.sendAndClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        }
        try await withTestbed(tls: TestCertificate.shared) { bed in
            try await bed.serve(server)
            // The content of a response to HTTP/1.0 ends with the connection.
            let client = try await bed.client()
            client.send("GET /invoke/hello HTTP/1.0\r\nHost: a\r\n\r\n")
            try await client.closed()
            #expect(client.inbox.failure != nil, "\(client.inbox.text)")
        }
        await server.stop()
    }

    @Test func `a tunnel forwards bytes and the end of each direction`() async throws {
        let switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        let server = try await StubServer.start { $0.connection.send(switching + "welcome") }
        try await withTestbed(tls: TestCertificate.shared) { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            let answer = try await client.ask(get("/hello", "Connection: Upgrade\r\nUpgrade: websocket\r\n") + "early")
            #expect(answer.status == 101)
            let connection = server.requests[0].connection
            for number in 0..<20 {
                client.send("c\(number);")
                try await eventually("the bytes reach the replica") { connection.inbox.text.hasSuffix("c\(number);") }
                connection.send("s\(number);")
                try await eventually("the bytes reach the client") { client.inbox.text.hasSuffix("s\(number);") }
            }
            connection.sendAndClose("goodbye")
            try await client.closed()
            #expect(client.inbox.text.hasSuffix("goodbye"))
            #expect(client.inbox.failure == nil)
            try await eventually("the slot is free") { bed.isIdle() }
        }
        await server.stop()
    }

    @Test func `connections over the limit are closed without a handshake`() async throws {
        var limits = Limits.ofTests
        limits.connectionsMax = 2
        try await withTLS(limits: limits) { bed, _ in
            let first = try await client(of: bed)
            let second = try await client(of: bed)
            #expect(try await first.ask(post("a")).body == "1 bytes")
            #expect(try await second.ask(post("a")).body == "1 bytes")
            let third = try await client(of: bed)
            try await third.closed()
            #expect(third.inbox.total == 0)
            #expect(await bed.metric("f2s_connections_refused_total") == 1)
        }
    }
}

/// Tests certificates that cannot be used.
@Suite struct TLSContextTests {
    private func error(_ chain: String, _ key: String) -> TLSCertificateError? {
        do {
            _ = try TLSContext(TLSCertificate(chain: chain, key: Secret(key)))
            return nil
        } catch {
            return error
        }
    }

    @Test func `the error names the part that is wrong`() throws {
        let one = TestCertificate.make()
        let other = TestCertificate.make(.rsa)
        let (chain, key) = (one.chain, one.key.revealed)
        #expect(error(chain, key) == nil)
        #expect(error(key + chain, chain + key) == nil)
        #expect(error(chain + other.chain, key) == nil)
        let cases: [(chain: String, key: String, part: TLSCertificateError.Part, text: String)] = [
            ("", key, .chain, "BEGIN CERTIFICATE"), ("nonsense", key, .chain, "BEGIN CERTIFICATE"),
            (key, key, .chain, "BEGIN CERTIFICATE"), (chain, "", .key, "BEGIN PRIVATE KEY"),
            (chain, chain, .key, "BEGIN PRIVATE KEY"), (chain, other.key.revealed, .key, "holds another key"),
            (other.chain + chain, key, .key, "holds another key"),
            (chain, TestCertificate.make(passphrase: "secret").key.revealed, .key, "without a passphrase"),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key, .chain,
                "OpenSSL reports"
            ),
        ]
        for (chain, key, part, text) in cases {
            let error = error(chain, key)
            #expect(error?.part == part, "\(text)")
            #expect(error?.description.contains(text) == true, "\(error?.description ?? "no error")")
        }
    }

    @Test func `the expiry is the one of the certificate`() throws {
        let context = try TLSContext(TestCertificate.make(lifetime: 3600))
        let rest = Double(context.expiry) - SystemClock.secondsSince1970()
        #expect((3500...3600).contains(rest), "\(rest)")
    }
}
