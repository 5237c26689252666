import F2SModel
import Testing

@testable import F2SAccess

@Suite struct GuessLimiterTests {
    private static let burst = GuessLimiter.rate.burst

    /// Checks a password, and returns false if it was not checked.
    private func guess(
        _ limiter: inout GuessLimiter, _ user: String = "ann", from client: UInt64?, isRight: Bool? = false,
        at seconds: Double = 0
    ) -> Bool {
        guard let attempt = limiter.begin(user, from: client, now: .seconds(seconds)) else { return false }
        limiter.end(attempt, isRight: isRight)
        return true
    }

    @Test(arguments: [nil, 1] as [UInt64?])
    func `an address has twenty wrong passwords, then one in five seconds`(client: UInt64?) {
        var limiter = GuessLimiter()
        for count in 0..<Self.burst { #expect(guess(&limiter, "user-\(count)", from: client)) }
        #expect(!guess(&limiter, "another", from: client))
        #expect(!guess(&limiter, "another", from: client, at: 4.9))
        #expect(guess(&limiter, "another", from: client, at: 5))
        #expect(!guess(&limiter, "another", from: client, at: 5))
        #expect(guess(&limiter, "another", from: 2), "another address")
    }

    @Test func `a user is guessed as rarely from many addresses together`() {
        var limiter = GuessLimiter()
        for client in 0..<UInt64(Self.burst) { #expect(guess(&limiter, from: client)) }
        #expect(!guess(&limiter, from: 99))
        #expect(guess(&limiter, "bob", from: 99), "the address has not paid for what was not checked")
        #expect(guess(&limiter, from: 99, at: 5))
    }

    @Test func `wrong passwords from elsewhere do not keep a user out`() {
        var limiter = GuessLimiter()
        #expect(guess(&limiter, from: 1, isRight: true))
        for client in 100..<1100 { _ = guess(&limiter, from: UInt64(client)) }
        #expect(!guess(&limiter, from: 5))
        for _ in 0..<100 { #expect(guess(&limiter, from: 1, isRight: true)) }
        for _ in 0..<Self.burst { #expect(guess(&limiter, from: 1)) }
        #expect(!guess(&limiter, from: 1), "a client that was right may not guess without end either")
    }

    @Test func `right passwords, and checks that did not happen, cost nothing`() {
        var limiter = GuessLimiter()
        for count in 0..<1000 {
            #expect(guess(&limiter, "user-\(count)", from: 1, isRight: true))
            #expect(guess(&limiter, from: 2, isRight: nil))
        }
    }

    @Test func `checks under way count before they end`() {
        var limiter = GuessLimiter()
        let attempts = (0..<100).compactMap { limiter.begin("user-\($0)", from: 1, now: .zero) }
        #expect(attempts.count == Self.burst)
        for attempt in attempts { limiter.end(attempt, isRight: true) }
        #expect(guess(&limiter, from: 1))
    }

    @Test func `a hundred thousand users and addresses leave the bounds as they are`() {
        var limiter = GuessLimiter()
        for count in 0..<100_000 {
            _ = guess(&limiter, "user-\(count)", from: UInt64(count), isRight: count % 3 == 0)
        }
        let taken = (0..<200_000).filter { _ in guess(&limiter, "ann", from: .random(in: 0 ... .max)) }.count
        #expect(taken <= Self.burst)
    }
}
