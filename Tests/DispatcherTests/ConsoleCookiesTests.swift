import F2SModel
import Testing

@testable import F2SDispatcher

/// Tests that the cookies of the console do not reach functions, and that functions cannot set them.
@Suite struct ConsoleCookiesTests {
    // MARK: Cookie

    /// Returns the lines of a request's fields that a function gets, without those that F2S adds.
    private func forwarded(_ fields: String, isConsole: Bool = false) throws -> [String] {
        var scanner = HeadScanner(limits: HeadLimits(Limits()))
        let bytes = Array("GET /x HTTP/1.1\r\nHost: a\r\nBefore: 1\r\n\(fields)After: 2\r\n\r\n".utf8)
        let head = try scanner.request(bytes.span, length: bytes.count)
        if head.known.hasCookies, !isConsole { scanner.dropConsoleCookies(ofRequest: bytes.span) }
        let out = Buffer(capacity: 64)
        HeadComposer.request(
            bytes.span, head, fields: scanner.fields, to: .init(path: nil, rest: 0), from: .init(client: nil),
            identity: HeadComposerTests.identity, into: out)
        let lines = out.text.split(separator: "\r\n").map(String.init)
        #expect(lines.prefix(3) == ["GET /x HTTP/1.1", "Host: a", "Before: 1"])
        let end = try #require(lines.firstIndex(of: "After: 2"))
        return Array(lines[3..<end])
    }

    /// Cookie fields with the value that a function gets; `nil` if it does not get the field.
    static let values: [(String, String?)] = [
        // Only cookies of the console.
        ("f2s-session=x", nil), ("f2s-signin=x", nil), ("__Host-f2s-session=x", nil), ("__Host-f2s-signin=x", nil),
        ("f2s-login=x", nil), ("f2s-login-state=x", nil), ("__Secure-f2s-login=x", nil),
        ("__Secure-f2s-login-state=x; f2s-login=y", nil), ("a=1; f2s-login=x", "a=1"), ("f2s-logins=x", "f2s-logins=x"),
        ("f2s-session=x; f2s-signin=y", nil), ("f2s-session=x;f2s-session=y;", nil), ("f2s-session=x; ;\t; ", nil),
        ("f2s-session=", nil), ("f2s-session", nil),
        // First, in the middle and last.
        ("f2s-session=x; a=1; b=2", "a=1; b=2"), ("a=1; f2s-session=x; b=2", "a=1; b=2"),
        ("a=1; b=2; f2s-session=x", "a=1; b=2"), ("f2s-session=x; a=1; f2s-signin=y; b=2; f2s-session=z", "a=1; b=2"),
        // Other cookies stay as they are, whatever they contain.
        ("a=1", "a=1"), ("a=1;b=2;  c = 3 ;;", "a=1;b=2;  c = 3 ;;"), ("", ""), (";", ";"), ("; ;", "; ;"),
        ("a=\"q\"; b=x=y==", "a=\"q\"; b=x=y=="), ("a; b", "a; b"), ("\u{e4}=\u{f6}", "\u{e4}=\u{f6}"),
        ("b=2; b=1; f2s-session=x; b=2", "b=2; b=1; b=2"),
        // Similar names, and names in another letter case, are other cookies.
        ("f2s-session2=x", "f2s-session2=x"), ("xf2s-session=x", "xf2s-session=x"), ("f2s-sessio=x", "f2s-sessio=x"),
        ("F2S-session=x", "F2S-session=x"), ("f2s-Session=x", "f2s-Session=x"), ("f2s_session=x", "f2s_session=x"),
        ("__host-f2s-session=x", "__host-f2s-session=x"), ("__Secure-f2s-session=x", "__Secure-f2s-session=x"),
        ("a=f2s-session", "a=f2s-session"), ("a=f2s-session=x", "a=f2s-session=x"),
        ("f2s- session=x", "f2s- session=x"), ("a=1, f2s-session=x", "a=1, f2s-session=x"),
        // Odd spacing.
        ("f2s-session=x;a=1;b=2", "a=1;b=2"), ("a=1;f2s-session=x;b=2", "a=1;b=2"),
        ("a=1 ;  f2s-session=x  ; b=2", "a=1 ; b=2"), ("f2s-session =x; a=1", "a=1"),
        ("a=1;\tf2s-session\t=\tx;\tb=2", "a=1;\tb=2"), (";;f2s-session=x;;a=1;;", "a=1;;"),
        ("f2s-session=x;    a=1", "a=1"),
        // A quote does not hide a semicolon, as for browsers.
        ("a=\"; f2s-session=x; b=\"", "a=\"; b=\""), ("f2s-session=\"x\"; a=1", "a=1"),
        ("a=\"x; f2s-session=y\"", "a=\"x"),
        // A cookie without a name whose value looks like one of the console.
        ("=f2s-session=x; a=1", "a=1"), ("= =f2s-session; a=1", "a=1"),
    ]

    @Test(arguments: values)
    func `a request loses the console's cookies and no others`(value: String, kept: String?) throws {
        for name in ["Cookie", "cookie", "COOKIE", "cOOkie"] {
            #expect(try forwarded("\(name): \(value)\r\n") == (kept.map { ["\(name): \($0)"] } ?? []))
            #expect(try forwarded("\(name): \(value)\r\n", isConsole: true) == ["\(name): \(value)"])
        }
    }

    @Test func `white space around the value of a field without the console's cookies stays`() throws {
        for line in ["Cookie:a=1", "Cookie:\t a=1 \t", "Cookie:", "Cookie:  "] {
            #expect(try forwarded(line + "\r\n") == [line])
        }
        #expect(try forwarded("Cookie:\tf2s-session=x; a=1 \t\r\n") == ["Cookie:\ta=1 \t"])
    }

    @Test func `each of several fields is filtered, in its place`() throws {
        let fields = [
            "Cookie: a=1; f2s-session=x", "X-Between: 1", "cookie: f2s-signin=y", "Cookie: b=2",
            "COOKIE: __Host-f2s-session=z;c=3", "Cookies: f2s-session=x", "Cookie2: f2s-session=x",
        ]
        #expect(
            try forwarded(fields.map { $0 + "\r\n" }.joined()) == [
                "Cookie: a=1", "X-Between: 1", "Cookie: b=2", "COOKIE: c=3", "Cookies: f2s-session=x",
                "Cookie2: f2s-session=x",
            ])
    }

    @Test func `a field that Connection names stays dropped`() throws {
        #expect(try forwarded("Connection: cookie\r\nCookie: a=1; f2s-session=x\r\n") == [])
    }

    @Test func `one of a thousand cookies is removed`() throws {
        let others = (0..<1000).map { "c\($0)=\($0)" }
        for position in [0, 1, 500, 999, 1000] {
            var all = others
            all.insert("f2s-session=x", at: position)
            let lines = try forwarded("Cookie: \(all.joined(separator: "; "))\r\n")
            #expect(lines == ["Cookie: \(others.joined(separator: "; "))"], "at \(position)")
        }
        let own = (0..<500).map { "f2s-session=\($0)" }
        #expect(try forwarded("Cookie: \(own.joined(separator: "; "))\r\n") == [])
    }

    // MARK: Set-Cookie

    /// Returns the lines of a response's fields that a client gets.
    private func answered(_ fields: String) throws -> [String] {
        var scanner = HeadScanner(limits: HeadLimits(Limits()))
        let bytes = Array("HTTP/1.1 200 OK\r\nBefore: 1\r\n\(fields)After: 2\r\n\r\n".utf8)
        let head = try scanner.response(bytes.span, length: bytes.count)
        if head.known.hasCookies { scanner.dropConsoleCookies(ofResponse: bytes.span) }
        let out = Buffer(capacity: 64)
        HeadComposer.response(bytes.span, head, fields: scanner.fields, into: out)
        let lines = out.text.split(separator: "\r\n").map(String.init)
        #expect(lines.prefix(2) == ["HTTP/1.1 200 OK", "Before: 1"] && lines.last == "After: 2")
        return Array(lines.dropFirst(2).dropLast())
    }

    @Test(arguments: [
        "f2s-session=x", "f2s-signin=x", "__Host-f2s-session=x; Secure; Path=/", "__Host-f2s-signin=", "f2s-session",
        "f2s-session;Path=/", "f2s-session=x;HttpOnly", "f2s-session=a=b", "f2s-session=\"x\"", "f2s-session =x",
        "  f2s-session=x", "\tf2s-session\t = x", "f2s-session=x; a=b", "=f2s-session=x", " = f2s-session=x",
        "=f2s-session",
    ])
    func `a function cannot set a cookie of the console`(value: String) throws {
        for name in ["Set-Cookie", "set-cookie", "SET-COOKIE", "sEt-cOOkie"] {
            #expect(try answered("\(name): \(value)\r\n") == [])
            #expect(try answered("\(name):\(value)\r\n\(name): a=b\r\n\(name):\t\(value)\r\n") == ["\(name): a=b"])
        }
    }

    @Test(arguments: [
        "a=b", "a=b; Path=/; HttpOnly", "f2s-session2=x", "xf2s-session=x", "F2S-SESSION=x", "f2s_session=x",
        "__Secure-f2s-session=x", "__host-f2s-session=x", "a=f2s-session=x", "a=b; f2s-session=x", "a; f2s-session=x",
        "", ";", "; f2s-session=x", "\"f2s-session\"=x", "f2s- session=x", "a=b, f2s-session=x",
    ])
    func `a function sets its own cookies`(value: String) throws {
        #expect(try answered("Set-Cookie: \(value)\r\n") == ["Set-Cookie: \(value)"])
    }

    @Test func `the direction of a field counts`() throws {
        #expect(try answered("Cookie: f2s-session=x\r\n") == ["Cookie: f2s-session=x"])
        #expect(try forwarded("Set-Cookie: f2s-session=x\r\n") == ["Set-Cookie: f2s-session=x"])
    }
}
