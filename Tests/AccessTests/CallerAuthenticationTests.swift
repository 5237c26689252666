import F2SModel
import F2SSystem
import TestSupport
import Testing

@testable import F2SAccess

@Suite struct CallerAuthenticationTests {
    private static let key = Secret("0123456789abcdef0123456789abcdef")

    private static func settings(
        _ methods: [AuthSettings.Method] = [.basic, .token], password: String = "ann-password"
    ) throws -> AuthSettings {
        var settings = AuthSettings()
        settings.methods = methods
        settings.users = [AuthSettings.User(name: "ann", password: Secret(password), groups: ["admins", "team"])]
        settings.token.key = key
        settings.grants = ["admins": [Grant(.list)], "team": [try Grant("functions:invoke@team-*", field: "")]]
        return settings
    }

    private static func basic(_ user: String, _ password: String) -> String {
        "Basic \(CredentialText.encode(Array("\(user):\(password)".utf8)))"
    }

    private static func bearer(_ claims: String) -> String { "Bearer \(TokenMaker.token(claims, key: key))" }

    private func recognition(_ authentication: CallerAuthentication, _ credentials: String) -> Recognition {
        authentication.recognize(credentials.utf8Span.span)
    }

    @Test(
        arguments: [
            ("Basic YW5uOnNlY3JldA==", "ann"), ("basic YW5uOnNlY3JldA", "ann"), ("Basic  YW5uOnNlY3JldA==", "ann"),
            ("Basic OnNlY3JldA==", ""), ("Basic YW5u", nil), ("Basic !", nil), ("Basic", nil), ("", nil),
            ("Bearer a.b.c", nil),
            ("Basic /zpzZWNyZXQ=", nil),
        ] as [(String, String?)])
    func `the user that credentials claim is the part before the colon, and never the password`(
        credentials: String, user: String?
    ) throws {
        let authentication = testAuthentication(try Self.settings(), clock: ManualClock())
        #expect(authentication.claimedUser(of: credentials) == user)
    }

    @Test func `a user and a token become principals with the grants of all their groups`() async throws {
        let authentication = testAuthentication(try Self.settings(), clock: ManualClock())
        let ann = try await authentication.verify(Self.basic("ann", "ann-password"))
        #expect(ann.name == "ann" && ann.groups == ["admins", "team"])
        #expect(ann.may(.list) && ann.may(.invoke, on: "team-x") && !ann.may(.invoke, on: "x"))
        let token = try await authentication.verify(Self.bearer(#"{"sub":"ci","group":"team"}"#))
        #expect(token.name == "ci" && !token.may(.list) && token.may(.invoke, on: "team-x"))
        #expect(String(decoding: token.fieldLines, as: UTF8.self) == "X-F2S-User: ci\r\nX-F2S-Groups: team\r\n")
    }

    @Test func `credentials are known after their verification, and unknown again after their time`() async throws {
        let clock = ManualClock()
        let authentication = testAuthentication(try Self.settings(), clock: clock)
        let right = Self.basic("ann", "ann-password")
        let wrong = Self.basic("ann", "wrong")
        #expect(recognition(authentication, right) == .unknown)
        let ann = try await authentication.verify(right)
        await #expect(throws: CredentialError.wrongPassword) { try await authentication.verify(wrong) }
        #expect(recognition(authentication, right) == .known(ann))
        #expect(recognition(authentication, wrong) == .refused(.wrongPassword))
        clock.advance(by: CallerAuthentication.refusedFor)
        #expect(recognition(authentication, wrong) == .unknown)
        #expect(recognition(authentication, right) == .known(ann))
        clock.advance(by: CallerAuthentication.rememberedFor)
        #expect(recognition(authentication, right) == .unknown)
    }

    @Test func `a token is not known for longer than it is valid`() async throws {
        let clock = ManualClock()
        let authentication = testAuthentication(try Self.settings(), clock: clock)
        let credentials = Self.bearer(#"{"sub":"ci","exp":\#(Int(clock.secondsSince1970()) + 60)}"#)
        _ = try await authentication.verify(credentials)
        clock.advance(by: .seconds(60))
        #expect(recognition(authentication, credentials) != .unknown)
        clock.advance(by: .seconds(31))
        #expect(recognition(authentication, credentials) == .unknown)
        await #expect(throws: CredentialError.expired) { try await authentication.verify(credentials) }
    }

    @Test(arguments: ["1e300", "9007199254740993", "1e18"])
    func `a token that expires very late is valid`(expiry: String) async throws {
        let authentication = testAuthentication(try Self.settings(), clock: ManualClock())
        #expect(try await authentication.verify(Self.bearer(#"{"sub":"ci","exp":\#(expiry)}"#)).name == "ci")
        await #expect(throws: CredentialError.expired) {
            try await authentication.verify(Self.bearer(#"{"sub":"ci","exp":-\#(expiry)}"#))
        }
    }

    @Test func `changed settings end what was known`() async throws {
        let authentication = testAuthentication(try Self.settings(), clock: ManualClock())
        let credentials = Self.basic("ann", "ann-password")
        _ = try await authentication.verify(credentials)
        authentication.apply(try Self.settings())
        #expect(recognition(authentication, credentials) != .unknown, "nothing has changed")
        authentication.apply(try Self.settings(password: "another"))
        #expect(recognition(authentication, credentials) == .unknown)
        await #expect(throws: CredentialError.wrongPassword) { try await authentication.verify(credentials) }
    }

    @Test(arguments: [
        (nil, CredentialError.missing), ("", .malformed), ("Basic", .malformed), ("Basic ***", .malformed),
        ("Basic YW5u", .malformed), ("Digest x", .unknownScheme), ("Bearer opaque", .unknownScheme),
        ("Bearer a.b.c", .malformed), ("Basic  YW5uOmFubi1wYXNzd29yZA==", .malformed),
        ("Basic YW5uOmFubi1wYXNzd29yZA==x", .malformed), ("Basic YW5uOmFubi1wYXNzd29yZA===", .malformed),
        (basic("eve", "ann-password"), .wrongPassword),
        (basic("ann", ""), .wrongPassword), (basic("ann", "ann-password "), .wrongPassword),
        (basic("", ""), .wrongPassword),
    ])
    func `credentials that are not accepted have a reason`(credentials: String?, error: CredentialError) async throws {
        let authentication = testAuthentication(try Self.settings(), clock: ManualClock())
        await #expect(throws: error) { try await authentication.verify(credentials) }
    }

    @Test func `the name of a scheme has any letter case, and only configured methods count`() async throws {
        let credentials = Self.basic("ann", "ann-password").replacing("Basic ", with: "bAsIc ")
        let both = testAuthentication(try Self.settings(), clock: ManualClock())
        #expect(try await both.verify(credentials).name == "ann")
        #expect(both.challenges == ["Basic realm=\"f2s\", charset=\"UTF-8\"", "Bearer realm=\"f2s\""])
        let token = testAuthentication(try Self.settings([.token]), clock: ManualClock())
        await #expect(throws: CredentialError.unknownScheme) { try await token.verify(credentials) }
        #expect(token.challenges == ["Bearer realm=\"f2s\""])
        let none = testAuthentication(AuthSettings(), clock: ManualClock())
        #expect(try await none.verify(nil) == .anonymous)
        #expect(!none.isProtected && none.challenges.isEmpty)
    }

    @Test func `names that a field must not contain are encoded, and too long ones rejected`() async throws {
        let authentication = testAuthentication(try Self.settings(), clock: ManualClock())
        let strange = try await authentication.verify(Self.bearer(#"{"sub":"a\r\nX: y","group":["ä","a,b","50%"]}"#))
        #expect(
            String(decoding: strange.fieldLines, as: UTF8.self)
                == "X-F2S-User: a%0D%0AX:%20y\r\nX-F2S-Groups: %C3%A4,a%2Cb,50%25\r\n")
        let groups = (0..<1000).map { "\"group-\($0)\"" }.joined(separator: ",")
        await #expect(throws: CredentialError.tooLong) {
            try await authentication.verify(Self.bearer(#"{"sub":"a","group":[\#(groups)]}"#))
        }
    }

    @Test func `many checks of a password wait for one thread, and further ones are told to retry`() async throws {
        let hash = "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6g3umF+uVrJsObaTZhIbbTlgrvOEFcCItdwSjtPF67M"
        let authentication = testAuthentication(try Self.settings(password: hash), clock: ManualClock())
        #expect(try await authentication.verify(Self.basic("ann", "correct horse")).name == "ann")
        let errors = await withTaskGroup(of: CredentialError?.self) { group in
            for attempt in 0..<500 {
                group.addTask {
                    do throws(CredentialError) {
                        _ = try await authentication.verify(
                            Self.basic("user-\(attempt)", "wrong"), from: UInt64(attempt))
                        return nil
                    } catch { return error }
                }
            }
            return await group.reduce(into: [CredentialError?: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(errors[.wrongPassword, default: 0] + errors[.busy, default: 0] == 500)
        #expect(errors[.wrongPassword, default: 0] > 0)
        #expect(try await authentication.verify(Self.basic("ann", "correct horse")).name == "ann")
    }

    @Test func `callers with the same credentials share one check`() async throws {
        let hash = try PasswordHash(of: "secret").description
        let authentication = testAuthentication(try Self.settings(password: hash), clock: ManualClock())
        let begin = SystemClock.monotonic()
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<500 {
                group.addTask { try await authentication.verify(Self.basic("ann", "secret")).name }
            }
            for try await name in group { #expect(name == "ann") }
        }
        // A check takes a tenth of a second.
        let time = SystemClock.monotonic() - begin
        print("500 callers with the same password were verified in \(time)")
        #expect(time < .seconds(10))
    }

    @Test(arguments: [true, false])
    func `a caller never gets the result of other credentials`(canDigest: Bool) async throws {
        let hash = try PasswordHash(of: "secret").description
        let authentication = testAuthentication(
            try Self.settings(password: hash), clock: ManualClock(), canDigest: canDigest)
        let accepted = await withTaskGroup(of: (isRight: Bool, isAccepted: Bool).self) { group in
            for attempt in 0..<20 {
                let isRight = attempt % 2 == 0
                let credentials = Self.basic("ann", isRight ? "secret" : "wrong")
                group.addTask {
                    (isRight, (try? await authentication.verify(credentials, from: UInt64(attempt % 4))) != nil)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(accepted.count == 20 && accepted.allSatisfy { $0.isRight == $0.isAccepted })
    }

    @Test func `a caller that is removed while its password is checked is not accepted`() async throws {
        let hash = try PasswordHash(of: "secret").description
        let authentication = testAuthentication(try Self.settings(password: hash), clock: ManualClock())
        let error = await withTaskGroup(of: CredentialError?.self) { group in
            group.addTask {
                do throws(CredentialError) {
                    _ = try await authentication.verify(Self.basic("ann", "secret"))
                    return nil
                } catch { return error }
            }
            // The removal wins, before the check and within it.
            if let other = try? Self.settings(password: "another") { authentication.apply(other) }
            return await group.next() ?? nil
        }
        #expect(error == .wrongPassword)
    }

    @Test func `too many wrong passwords from one address are not checked any more`() async throws {
        let clock = ManualClock()
        let authentication = testAuthentication(try Self.settings(), clock: clock)
        let right = Self.basic("ann", "ann-password")
        #expect(try await authentication.verify(right, from: 7).name == "ann")
        for attempt in 0..<GuessLimiter.rate.burst {
            await #expect(throws: CredentialError.wrongPassword) {
                try await authentication.verify(Self.basic("user-\(attempt)", "wrong"), from: 8)
            }
        }
        let other = Self.basic("bob", "wrong")
        await #expect(throws: CredentialError.tooManyFailures) { try await authentication.verify(other, from: 8) }
        #expect(recognition(authentication, other) == .unknown, "the password was not checked")
        await #expect(throws: CredentialError.wrongPassword) { try await authentication.verify(other, from: 9) }
        clock.advance(by: CallerAuthentication.rememberedFor)
        #expect(try await authentication.verify(right, from: 7).name == "ann")
    }

    @Test(arguments: [nil, "Bearer a.b.c", basic("ann", "ann-password"), basic("", "")])
    func `without usable settings every caller is refused`(credentials: String?) async throws {
        let authentication = testAuthentication(.refusing, clock: ManualClock())
        #expect(authentication.isProtected && !authentication.challenges.isEmpty)
        await #expect(throws: CredentialError.self) { try await authentication.verify(credentials) }
    }

    @Test func `a known credential is recognized within a microsecond`() async throws {
        let authentication = testAuthentication(try Self.settings(), clock: SystemTestClock())
        let credentials = Self.basic("ann", "ann-password")
        _ = try await authentication.verify(credentials)
        let bytes = Array(credentials.utf8)
        let rounds = 20_000
        var best = Duration.seconds(1)
        for _ in 0..<5 {
            // Other processes on the machine do not count.
            let begin = SystemClock.threadProcessorTime()
            for _ in 0..<rounds where authentication.recognize(bytes.span) == .unknown { Issue.record("unknown") }
            best = min(best, (SystemClock.threadProcessorTime() - begin) / rounds)
        }
        print("must hold 5 (access): a known credential is recognized in \(best) (debug build; bar 1 µs, gate 5 µs)")
        #expect(best < .microseconds(5))
    }
}

private struct SystemTestClock: ControlClock {
    func now() -> Duration { SystemClock.monotonic() }
    func secondsSince1970() -> Double { SystemClock.secondsSince1970() }
    func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }
}
