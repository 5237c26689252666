import Testing

@testable import F2SKubernetes

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2024-02-29T12:00:00Z", 1_709_208_000), ("2000-03-01T00:00:00Z", 951_868_800),
            ("2026-11-25T18:59:01+02:00", 1_795_625_941), ("2026-11-25T18:59:01.250000Z", 1_795_633_141.25),
            ("1969-12-31T23:59:59Z", -1),
        ] as [(String, Double)])
    func `a time of the API is parsed`(text: String, seconds: Double) {
        #expect(Timestamp(text)?.seconds == seconds)
    }

    @Test(
        arguments: [
            "", "2024-02-29", "2024-13-01T00:00:00Z", "2024-01-01T25:00:00Z", "2024-01-01T00:00:00",
            "yesterday, at noon",
            "2024-01-01T00:00:00+2:00", "2024-01-0xT00:00:00Z",
        ])
    func `an invalid time is rejected`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test(arguments: [0, 951_782_400, 1_709_164_800, 1_709_251_199, 4_102_444_800] as [Double])
    func `a formatted time is parsed to the same value`(seconds: Double) {
        #expect(Timestamp(Timestamp(seconds: seconds).text)?.seconds == seconds)
        #expect(Timestamp(Timestamp(seconds: seconds + 0.5).microText)?.seconds == seconds + 0.5)
    }

    @Test func `the time of a lease has six fractional digits`() {
        #expect(Timestamp(seconds: 0.000_25).microText == "1970-01-01T00:00:00.000250Z")
    }
}
