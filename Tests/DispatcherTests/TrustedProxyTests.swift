import F2SDispatcher
import F2SModel
import Testing

/// Tests the fields that describe the origin of a request, with and without a trusted proxy.
@Suite struct TrustedProxyTests {
    private func trust(_ bed: Testbed, _ ranges: String...) {
        bed.dispatcher.apply(DispatcherSettings.Tuning(trustedProxies: ranges.compactMap { AddressRange($0) }))
    }

    private let claims =
        "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"
        + "X-Forwarded-Prefix: /evil\r\nX-Forwarded-Port: 1\r\nForwarded: for=6.6.6.6;proto=https\r\n"

    @Test(arguments: testedLoops) func `a function gets its prefix, and no client can claim another one`(
        loops: Int
    ) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(loops: loops) { bed in
            trust(bed, "10.0.0.0/8")
            try await bed.serve(server, function: makeFunction(route: "/shop/hello"))
            let client = try await bed.client()
            for path in ["/shop/hello", "/shop/hello/x?y", "/shop/h%65llo/x"] {
                _ = try await client.ask(get(path, claims))
                let request = try #require(server.requests.last)
                #expect(request.fields("X-Forwarded-Prefix") == ["/invoke/shop/hello"])
                #expect(request.fields("X-Forwarded-For") == ["127.0.0.1"])
                #expect(request.fields("X-Forwarded-Proto") == ["http"])
                #expect(request.fields("X-Forwarded-Host") == ["f2s.test"])
                #expect(request.fields("X-Forwarded-Port") == [])
                #expect(request.fields("Forwarded") == ["for=127.0.0.1;proto=http"])
            }
        }
        await server.stop()
    }

    @Test func `the fields of a trusted proxy are kept and extended`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            trust(bed, "127.0.0.0/8")
            try await bed.serve(server)
            let client = try await bed.client()
            _ = try await client.ask(
                get(
                    "/hello",
                    "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n"
                        + "X-Forwarded-Prefix: /api/\r\nX-Forwarded-Port: 443\r\nX-Forwarded-For: 5.6.7.8\r\n"
                        + "X_Forwarded_Proto: gopher\r\n"))
            var request = try #require(server.requests.last)
            #expect(request.fields("X-Forwarded-For") == ["1.2.3.4, 5.6.7.8, 127.0.0.1"])
            #expect(request.fields("X-Forwarded-Proto") == ["https"])
            #expect(request.fields("X-Forwarded-Host") == ["shop.example"])
            #expect(request.fields("X-Forwarded-Port") == ["443"])
            #expect(request.fields("X-Forwarded-Prefix") == ["/api/invoke/hello"])
            #expect(request.fields("Forwarded") == [])
            #expect(request.fields("X_Forwarded_Proto") == [])

            _ = try await client.ask(get("/hello", "Forwarded: for=\"[2001:db8::1]:5\";proto=https\r\n"))
            request = try #require(server.requests.last)
            #expect(request.fields("Forwarded") == ["for=\"[2001:db8::1]:5\";proto=https, for=127.0.0.1;proto=http"])
            #expect(request.fields("X-Forwarded-For") == [])

            _ = try await client.ask(get("/hello", "X-Forwarded-Prefix: http://evil\r\n"))
            request = try #require(server.requests.last)
            #expect(request.fields("X-Forwarded-Prefix") == ["/invoke/hello"])
            #expect(request.fields("X-Forwarded-For") == ["127.0.0.1"])
        }
        await server.stop()
    }

    @Test func `the remote owner does not change the fields`() async throws {
        let server = try await StubServer.answering(ok())
        try await withPair { first, owner in
            trust(first, "127.0.0.1")
            first.declare(makeFunction())
            first.setOwnership(elsewhere: owner.internalAddress)
            try await owner.serve(server)
            _ = try await first.client().ask(get("/hello", "X-Forwarded-For: 1.2.3.4\r\n"))
            let request = try #require(server.requests.last)
            #expect(request.fields("X-Forwarded-For") == ["1.2.3.4, 127.0.0.1"])
            #expect(request.fields("X-Forwarded-Prefix") == ["/invoke/hello"])
        }
        await server.stop()
    }

    @Test(arguments: testedLoops) func `each client of a trusted proxy has its own bucket`(loops: Int) async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed(loops: loops) { bed in
            trust(bed, "127.0.0.0/8", "2001:db8:ffff::/48")
            try await bed.serve(server, function: makeFunction(limits: FunctionLimits(rate: 0.001, burst: 1)))
            let client = try await bed.client()
            func status(_ fields: String) async throws -> Int { try await client.ask(get("/hello", fields)).status }
            for (fields, expected) in [
                ("X-Forwarded-For: 1.2.3.4\r\n", 200), ("X-Forwarded-For: 1.2.3.4\r\n", 429),
                // The addresses to the left of the last untrusted address are mere claims and are ignored.
                ("X-Forwarded-For: 9.9.9.9, 1.2.3.4\r\n", 429),
                ("X-Forwarded-For: 1.2.3.5, 127.0.0.9\r\n", 200),
                ("X-Forwarded-For: 1.2.3.5\r\nX-Forwarded-For: 127.0.0.8\r\n", 429),
                ("X-Forwarded-For: 1.2.3.6:4711\r\n", 200), ("Forwarded: for=\"1.2.3.6:1\"\r\n", 429),
                ("X-Forwarded-For: ::ffff:1.2.3.6\r\n", 429),
                // All addresses of one IPv6 subscriber (a /64) are one client.
                ("X-Forwarded-For: 2001:db8:1:2::1\r\n", 200), ("X-Forwarded-For: 2001:db8:1:2:3:4:5:6\r\n", 429),
                ("Forwarded: for=\"[2001:db8:1:2::9]:80\", for=\"[2001:db8:ffff::1]\"\r\n", 429),
                ("X-Forwarded-For: 2001:db8:1:3::1\r\n", 200),
                ("X-Forwarded-For: unknown\r\n", 200), ("X-Forwarded-For: unknown\r\n", 429),
                ("", 200), ("X-Forwarded-For: 127.0.0.1\r\n", 429),
            ] { #expect(try await status(fields) == expected, "\(fields)") }
        }
        await server.stop()
    }
}
