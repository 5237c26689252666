import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Subprocess
import Synchronization

/// Responds to each request with one run of the command.
struct WrapResponder: Sendable {
    let options: WrapOptions
    let program: Executable
    let slots: Slots
    let orphans: Orphans
    let log: @Sendable ([UInt8]) -> Void

    /// The longest time that a client may continue to send a body that the command did not read, before it gets the
    /// response. Many clients read the response only after they have sent everything, and treat a closed connection as
    /// a failure.
    static let lingering = Duration.seconds(5)

    /// Responds to a request. Returns when the response has been sent and no task iterates the request's body any more.
    /// - Throws: An error if the connection must be closed without the end of the response.
    @concurrent func respond(to request: Request, _ writer: consuming ResponseWriter, on channel: any Channel)
        async throws
    {
        let abandonment = CancellationToken()
        let presence = try await ClientWatch.presence(on: channel)
        presence.begin(abandonment)
        defer { presence.end() }
        let timer = channel.eventLoop.scheduleTask(in: TimeAmount(options.timeout)) { abandonment.abandon(.timedOut) }
        defer { timer.cancel() }

        // The decoder treats all bytes after such a request, including a body, as another protocol and drops them.
        let isUpgrade = request.headers[.upgrade] != nil
        var reply = Reply(
            writer, isBodyless: request.method == .head, contentType: options.contentType, isLast: isUpgrade)
        // A client that sends another request on this connection must not wait for a response.
        defer { if isUpgrade { channel.close(mode: .output, promise: nil) } }
        if isUpgrade, request.announcesBody { return try await reply.send(.upgradeWithBody, isClosing: true) }
        try await withTaskCancellationHandler {
            try await exchange(request, &reply, abandonment)
        } onCancel: {
            // The event loop makes the call, because this thread holds the task's lock, which the action may need.
            channel.eventLoop.execute { abandonment.abandon(.clientGone) }
        }
    }

    @concurrent private func exchange(_ request: Request, _ reply: inout Reply, _ abandonment: CancellationToken)
        async throws
    {
        // A response may be sent before the body is read: Hummingbird then reads and drops the body.
        guard
            let environment = RequestEnvironment(
                method: request.method.rawValue, target: request.head.path ?? "/", fields: request.headers)
        else { return try await reply.send(.malformedPath, isClosing: false) }
        guard await slots.acquire(unless: abandonment) else {
            guard abandonment.reason == .timedOut else { throw CancellationError() }
            return try await reply.send(.timedOut(after: options.timeout), isClosing: false)
        }
        let relay = BodyRelay()
        let isBodyRead = Flag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await pump(request.body, into: relay, abandonment)
                // A cancelled pump has not read the whole body.
                if !Task.isCancelled { isBodyRead.raise() }
            }
            let run = CommandRun(
                program, arguments: Array(options.command.dropFirst()), environment: environment,
                heldBytesMax: options.heldBytesMax, orphans: orphans, log: log)
            if request.headers[.expect]?.lowercased() == "100-continue" { try? await reply.invite() }
            let (ending, held) = await run.follow(
                input: relay, reply: &reply, abandonment: abandonment, isBodyRead: { isBodyRead.isRaised })
            slots.release()
            // Hummingbird itself reads the rest of the body, and a second iteration of it traps. So no task of this
            // function may read the body when it returns.
            group.addTask { try? await Task.sleep(for: Self.lingering) }
            try await group.next()
            let answer = WrapAnswer(
                to: ending, reason: abandonment.reason, isCommitted: reply.isCommitted, timeout: options.timeout)
            try await write(answer, held, &reply, isClosing: !isBodyRead.isRaised)
            group.cancelAll()
        }
    }

    @concurrent private func write(
        _ answer: WrapAnswer, _ held: ByteBuffer, _ reply: inout Reply, isClosing: Bool
    ) async throws {
        switch answer {
        case .output:
            if reply.isCommitted {
                try await reply.finish()
            } else {
                try await reply.send(output: held, isClosing: isClosing)
            }
        case .problem(let problem):
            try await reply.send(problem, isClosing: isClosing)
        case .close:
            throw CancellationError()
        }
    }

    /// Reads the whole body, even if the command does not. No other function reads it.
    private func pump(_ body: RequestBody, into relay: BodyRelay, _ abandonment: CancellationToken) async {
        do {
            for try await chunk in body { await relay.put(chunk) }
        } catch {
            // The command must not read half a body as a whole one, so it is killed before its input ends.
            abandonment.abandon(.clientGone)
        }
        relay.finish()
    }
}

/// A flag that is raised once and stays raised.
private final class Flag: Sendable {
    private let value = Atomic(false)
    init() {}
    var isRaised: Bool { value.load(ordering: .acquiring) }
    func raise() { value.store(true, ordering: .releasing) }
}

extension Request {
    fileprivate var announcesBody: Bool {
        headers[.transferEncoding] != nil || headers[.contentLength].map { $0 != "0" } ?? false
    }
}
