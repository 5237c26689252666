import F2SModel
import TestSupport
import Testing

@testable import F2SLocal

extension ProcessesSerial {
    @Suite struct ConformanceTests {
        @Test func `the Local platform conforms`() async throws {
            try await withPlatform { platform, _ in
                let server = try Workshop.server.get()
                try await PlatformConformance(
                    platform.platform, target: Target(command: [server]),
                    otherTarget: Target(command: [server], environment: ["OTHER": "1"])
                ).verify()
            }
        }

        @Test func `the in-memory platform conforms`() async throws {
            try await PlatformConformance(
                InMemoryPlatform().platform, target: Target(command: ["one"]), otherTarget: Target(command: ["other"])
            ).verify()
        }
    }
}
