import Glibc
import Testing

@testable import F2SLocal

struct LookPaceTests {
    private let pace = LookPace(interval: .milliseconds(500), settlingTime: .milliseconds(100))

    @Test(arguments: [
        (cost: Duration.milliseconds(1), unsettledLooks: 0, pause: Duration.milliseconds(500)),
        (.milliseconds(20), 0, .seconds(4)), (.seconds(2), 0, .seconds(15)),
        (.milliseconds(1), 1, .milliseconds(100)), (.seconds(2), 1, .milliseconds(100)),
        (.milliseconds(1), 2, .milliseconds(100)), (.milliseconds(20), 2, .milliseconds(200)),
        (.seconds(2), 3, .seconds(5)),
    ])
    func `what costs much is looked at less often`(cost: Duration, unsettledLooks: Int, pause: Duration) {
        #expect(pace.pause(after: cost, unsettledLooks: unsettledLooks) == pause)
    }

    @Test func `a look that has waited for the file system does not put off the next one`() {
        let (value, cost) = LookPace.measured { poll(nil, 0, 300) }
        #expect(value == 0)
        #expect(cost < .milliseconds(10))
        #expect(pace.pause(after: cost, unsettledLooks: 2) == .milliseconds(100))
        #expect(pace.pause(after: cost, unsettledLooks: 0) < .seconds(2))
    }
}
