import Glibc
import Testing

@testable import F2SDispatcher

@Suite struct EventLoopTests {
    @Test func `a listener may be unwatched twice, also if no stream has a descriptor as high`() throws {
        let loop = EventLoop(poll: try Poll())
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #expect(descriptor >= 0)
        defer {
            close(descriptor)
            loop.poll.close()
        }
        loop.watchListener(descriptor) {}
        loop.unwatch(descriptor)
        loop.unwatch(descriptor)
    }
}
