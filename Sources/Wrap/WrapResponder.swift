import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import Subprocess
import Synchronization

/// Answers one request by one run of the command.
struct WrapResponder: Sendable {
    let options: WrapOptions
    let program: Executable
    let slots: Slots
    let orphans: Orphans
    let log: @Sendable ([UInt8]) -> Void

    /// How long a client may go on to send a body that the command did not want to read, before it gets its answer.
    /// Many
    /// clients look for an answer only when they have sent everything, and take a connection that closes for a failure.
    static let lingering = Duration.seconds(5)

    /// Returns when the answer is out and nobody iterates the request's body any more.
    /// - Throws: to have the connection closed without a proper end.
    @concurrent func respond(to request: Request, _ writer: consuming ResponseWriter, on channel: any Channel)
        async throws
    {
        let abandonment = Abandonment()
        let presence = try await ClientWatch.presence(on: channel)
        presence.begin(abandonment)
        defer { presence.end() }
        let timer = channel.eventLoop.scheduleTask(in: TimeAmount(options.timeout)) { abandonment.abandon(.timedOut) }
        defer { timer.cancel() }

        // The decoder takes what follows such a request for another protocol, a body included, and drops it.
        let isUpgrade = request.headers[.upgrade] != nil
        var reply = Reply(
            writer, isBodyless: request.method == .head, contentType: options.contentType, isLast: isUpgrade)
        // A client that sends another request on this connection must not wait for an answer.
        defer { if isUpgrade { channel.close(mode: .output, promise: nil) } }
        if isUpgrade, request.announcesBody { return try await reply.send(.upgradeWithBody, isClosing: true) }
        try await withTaskCancellationHandler {
            try await exchange(request, &reply, abandonment)
        } onCancel: {
            // Elsewhere: this thread holds the task's lock, which the action of an abandonment may need.
            channel.eventLoop.execute { abandonment.abandon(.clientGone) }
        }
    }

    @concurrent private func exchange(_ request: Request, _ reply: inout Reply, _ abandonment: Abandonment) async throws
    {
        // An answer before anybody has read the body is all right: Hummingbird reads and drops it.
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
                // A pump that was cancelled has not read everything.
                if !Task.isCancelled { isBodyRead.raise() }
            }
            let run = CommandRun(
                program, arguments: Array(options.command.dropFirst()), environment: environment,
                heldBytesMax: options.heldBytesMax, orphans: orphans, log: log)
            if request.headers[.expect]?.lowercased() == "100-continue" { try? await reply.invite() }
            let (ending, held) = await run.follow(
                input: relay, reply: &reply, abandonment: abandonment, isBodyRead: { isBodyRead.isRaised })
            slots.release()
            // Hummingbird reads what is left of the body itself, and two readers of it are a trap: nobody of ours may
            // read
            // any more when this returns.
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

    /// Reads the whole body, wanted or not. The only place that does.
    private func pump(_ body: RequestBody, into relay: BodyRelay, _ abandonment: Abandonment) async {
        do {
            for try await chunk in body { await relay.put(chunk) }
        } catch {
            // Half a body must not pass for a whole one: the command is killed before its input ends.
            abandonment.abandon(.clientGone)
        }
        relay.finish()
    }
}

/// Goes up once and stays up.
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
