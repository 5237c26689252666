import F2SModel

/// The client side of an exchange: it sends the request and receives the response. A ``ClientConnection`` does so over
/// HTTP/1.1, an ``InProcessClient`` for a module of this process.
///
/// The client calls ``Exchange/begin(_:_:takesChunks:)`` with the request's head, adds a small body with
/// ``Exchange/hold(_:)``, and then calls ``Exchange/start(timeoutMax:)``. All methods are called on the worker's loop.
protocol ExchangeClient: AnyObject {
    /// The exchange of the current request.
    var exchange: Exchange { get }
    /// The listener that accepted the client; `nil` if the client is a module of this process.
    var listener: ListenerKind? { get }
    /// The caller on whose behalf a module of this process invokes a function; `nil` for every other request.
    var principal: Principal? { get }
    var address: ClientAddress { get }
    /// The client's index in the worker's list.
    var entry: Int { get }
    /// The time at which the client times out, in nanoseconds of the monotonic clock.
    var deadline: UInt64 { get }
    /// True if the whole request has been read.
    var isRequestComplete: Bool { get }
    /// True if the client accepts further bytes of the response.
    var isWritable: Bool { get }

    // MARK: Flow

    func setDeadline(at time: UInt64)
    func deadlinePassed(_ time: UInt64)

    /// Lets content flow: the upstream connection is open, or accepts bytes again.
    func resume()

    /// Reads the request if the exchange accepts content, and pauses otherwise.
    func updateReading()

    /// Returns true and extends the deadline if the client has accepted bytes since the last check: it reads slowly.
    func isTakingAnswer() -> Bool

    // MARK: The response

    /// Passes an interim response (1xx) on. Its fields are in the worker's scanner.
    func passInterim(_ head: ResponseHead, _ bytes: Span<UInt8>)

    /// Begins the response with the content that has arrived so far. Its fields are in the worker's scanner.
    func beginResponse(_ head: ResponseHead, _ bytes: Span<UInt8>, content: Span<UInt8>)

    /// Passes content of the response on, or bytes of a tunnel.
    func passContent(_ bytes: Span<UInt8>)

    /// Ends a complete response.
    func endResponse(keepAlive: Bool)

    /// Responds with status 204 and these field lines.
    func answerWithoutContent(_ fields: [UInt8], keepAlive: Bool)

    /// Responds with an error of F2S.
    /// - Parameters:
    ///   - function: The function, if the request was routed to one.
    ///   - timing: The times of the exchange, if the request was routed.
    func fail(
        _ error: InvocationError, function: FunctionName?, timing: ExchangeTimes?, isAnswerToHead: Bool, keepAlive: Bool
    )

    /// Breaks a response off that has begun, so that the client notices the missing content.
    func breakOff(_ error: InvocationError)

    // MARK: Tunnels

    /// Leaves HTTP: all bytes that follow go to the replica.
    func becomeTunnel()

    /// Ends the sending direction of a tunnel once everything written has been sent.
    func finishWriting()

    /// Closes a tunnel once everything written has been sent.
    func endTunnel()

    // MARK: Ends

    /// Disconnects at once, in any phase. The exchange releases everything that it holds.
    func close()

    /// Disconnects if there is no request.
    func closeIfIdle()
}

extension ExchangeClient {
    /// Clients over sockets prove their identity in each request.
    var principal: Principal? { nil }

    /// True if the internal listener accepted the client, which is another F2S process, or the platform calling a hook.
    var isInternal: Bool { listener == .peers }

    /// True if cookies of the console pass between the client and the upstream.
    var exchangesConsoleCookies: Bool { listener == .console }
}
