import Glibc
import Testing

@testable import F2SLocal

struct ScanPaceTests {
    private let pace = ScanPace(interval: .milliseconds(500), stabilisationTime: .milliseconds(100))

    @Test(arguments: [
        (cost: Duration.milliseconds(1), unstableScans: 0, pause: Duration.milliseconds(500)),
        (.milliseconds(20), 0, .seconds(4)), (.seconds(2), 0, .seconds(15)),
        (.milliseconds(1), 1, .milliseconds(100)), (.seconds(2), 1, .milliseconds(100)),
        (.milliseconds(1), 2, .milliseconds(100)), (.milliseconds(20), 2, .milliseconds(200)),
        (.seconds(2), 3, .seconds(5)),
    ])
    func `a folder whose scan costs much is scanned less often`(cost: Duration, unstableScans: Int, pause: Duration) {
        #expect(pace.pause(after: cost, unstableScans: unstableScans) == pause)
    }

    @Test func `a scan that has waited for the file system does not delay the next one`() {
        let (value, cost) = ScanPace.measured { poll(nil, 0, 300) }
        #expect(value == 0)
        #expect(cost < .milliseconds(10))
        #expect(pace.pause(after: cost, unstableScans: 2) == .milliseconds(100))
        #expect(pace.pause(after: cost, unstableScans: 0) < .seconds(2))
    }
}
