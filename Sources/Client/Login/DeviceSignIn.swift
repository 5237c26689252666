import F2SModel

/// The state machine of a sign-in with a code that the user enters in a browser (RFC 8628). No I/O and no clock.
public struct DeviceSignIn: Sendable {
    /// The reaction to a response of the provider.
    public enum Step: Sendable, Equatable {
        /// Ask the provider again after this time.
        case ask(after: Duration)
        /// The user has signed in.
        case finished(TokenAnswer)
        /// The user cannot sign in with this code, for this reason.
        case failed(String)
    }

    /// The page on which the user enters the code.
    public let page: String
    /// The same page with the code in its URL; `nil` if the provider has none.
    public let pageWithCode: String?
    /// The code.
    public let userCode: String
    /// The text by which the provider recognizes this sign-in.
    let deviceCode: String
    private var interval: Duration
    private let lifetime: Duration

    /// The time that is added to the pauses if the provider asks for it (section 3.5).
    private static let slowDown = Duration.seconds(5)
    private static let intervals = 1.0...60.0
    private static let lifetimes = 1.0...3600.0

    /// Begins to wait, with the response of the provider (section 3.2); `nil` if the response is not one.
    init?(_ answer: DeviceAnswer) {
        guard let page = answer.verificationURI ?? answer.verificationURL, let deviceCode = answer.deviceCode,
            let userCode = answer.userCode, !deviceCode.isEmpty, Self.isShown(page), Self.isCode(userCode)
        else { return nil }
        self.page = page
        pageWithCode = answer.verificationURIComplete.flatMap { Self.isShown($0) ? $0 : nil }
        self.userCode = userCode
        self.deviceCode = deviceCode
        // The default of the interval is 5 seconds (section 3.2).
        interval = .seconds(Self.bounded(answer.interval ?? 5, Self.intervals))
        lifetime = .seconds(Self.bounded(answer.expiresIn ?? 600, Self.lifetimes))
    }

    /// Returns true for a URL. Another text would be an instruction of the provider to the user.
    private static func isShown(_ page: String) -> Bool { AuthSettings.Issuer.isSafe(page) }

    private static func isCode(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    private static func bounded(_ value: Double, _ bounds: ClosedRange<Double>) -> Double {
        min(max(value, bounds.lowerBound), bounds.upperBound)
    }

    /// The first step.
    public var first: Step { .ask(after: interval) }

    /// Returns the next step.
    /// - Parameters:
    ///   - answer: The response of the provider; `nil` if there was none.
    ///   - elapsed: The time since the sign-in has begun.
    public mutating func next(after answer: TokenAnswer?, elapsed: Duration) -> Step {
        if let answer, answer.accessToken != nil { return .finished(answer) }
        switch answer?.error {
        case "authorization_pending": break
        case "slow_down": interval += Self.slowDown
        case "access_denied": return .failed("the provider or its user has denied it")
        case "expired_token": return .failed("the code has expired: sign in again")
        default:
            if let answer { return .failed(answer.reason) }
            // Without a response the pauses grow (section 3.5).
            interval = min(interval * 2, .seconds(Self.intervals.upperBound))
        }
        return elapsed + interval < lifetime ? .ask(after: interval) : .failed("the code has expired: sign in again")
    }
}

/// The response of a provider to the beginning of a sign-in (RFC 8628 section 3.2).
struct DeviceAnswer: Decodable, Sendable {
    var error: String?
    var deviceCode: String?
    var userCode: String?
    var verificationURI: String?
    /// The name of Google's earlier version of the grant.
    var verificationURL: String?
    var verificationURIComplete: String?
    var expiresIn: Double?
    var interval: Double?

    private enum CodingKeys: String, CodingKey {
        case interval, error
        case deviceCode = "device_code"
        case userCode = "user_code"
        case verificationURI = "verification_uri"
        case verificationURL = "verification_url"
        case verificationURIComplete = "verification_uri_complete"
        case expiresIn = "expires_in"
    }
}

/// The response of a provider's token endpoint, with tokens or an error (RFC 6749 sections 5.1 and 5.2).
public struct TokenAnswer: Decodable, Sendable, Equatable {
    var accessToken: String?
    var refreshToken: String?
    var expiresIn: Double?
    var error: String?
    var errorDescription: String?

    /// The reason for which there are no tokens.
    var reason: String {
        switch (error, errorDescription) {
        case (let error?, let description?): "the provider has answered \(error): \(description)"
        case (let error?, nil): "the provider has answered \(error)"
        case (nil, _): "the provider has answered without a token"
        }
    }

    private enum CodingKeys: String, CodingKey {
        case error
        case accessToken = "access_token"
        case refreshToken = "refresh_token"
        case expiresIn = "expires_in"
        case errorDescription = "error_description"
    }
}
