public import F2SModel
public import ServiceLifecycle

/// Reads the time series of functions from Prometheus, by its HTTP API
/// (https://prometheus.io/docs/prometheus/latest/querying/api/).
///
/// ``FunctionQuery``, ``TimeSteps`` and ``PrometheusMatrix`` make the decisions; the client performs the I/O between
/// them. Every request reads the settings, so a changed URL applies at once.
public final class PrometheusClient: FunctionSeriesSource, Service {
    /// The longest time for all answers of Prometheus to one request of a user.
    static let limit = Duration.seconds(2)

    private let url: @Sendable () -> String?
    private let clock: any ControlClock
    private let transport: any PrometheusTransport

    /// Creates a client. It opens no connection before it is needed.
    /// - Parameter url: Returns the URL of Prometheus, with `http` or `https`; `nil` if there is none.
    public convenience init(url: @escaping @Sendable () -> String?, clock: any ControlClock) {
        self.init(url: url, clock: clock, transport: NetworkPrometheusTransport())
    }

    init(url: @escaping @Sendable () -> String?, clock: any ControlClock, transport: any PrometheusTransport) {
        self.url = url
        self.clock = clock
        self.transport = transport
    }

    /// Waits for shutdown, then closes the connections.
    public func run() async throws {
        // It throws if the task is cancelled, which ends the process too.
        try? await gracefulShutdown()
        await transport.close()
    }

    /// Returns the time series of a function. See ``FunctionSeriesSource/fetchSeries(of:seconds:)``.
    public func fetchSeries(
        of function: FunctionName, seconds: Int
    ) async throws(FunctionSeriesError) -> FunctionSeries? {
        guard let url = url() else { return nil }
        let address = PrometheusAddress(url)
        do {
            return try await finished(by: address) {
                try await self.series(of: function, seconds: seconds, from: address)
            }
        } catch let error as PrometheusError {
            throw .unavailable(error.description)
        } catch {
            let error = PrometheusError.unreachable(url: address.url, reason: "the request was cancelled")
            throw .unavailable(error.description)
        }
    }

    private func series(
        of function: FunctionName, seconds: Int, from address: PrometheusAddress
    ) async throws(PrometheusError) -> FunctionSeries {
        let scrapes = try await matrix(.now(ScrapeInterval.query), from: address)
        guard let interval = ScrapeInterval(scrapes) else { throw .withoutF2S(url: address.url) }
        let steps = TimeSteps(
            seconds: seconds, end: Int(clock.secondsSince1970()), scrapeSeconds: interval.seconds)
        let query = FunctionQuery(
            function: function, stepSeconds: steps.stepSeconds, scrapeSeconds: interval.seconds)
        return FunctionSeries(try await matrix(.steps(query.text, steps), from: address), at: steps)
    }

    private func matrix(
        _ query: PrometheusQuery, from address: PrometheusAddress
    ) async throws(PrometheusError) -> PrometheusMatrix {
        let answer = try await transport.send(PrometheusRequest(query, to: address))
        return try PrometheusMatrix(answer, url: address.url)
    }

    /// Returns the value of `body`, or throws if it takes longer than ``limit``.
    private func finished<Value: Sendable>(
        by address: PrometheusAddress, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { [clock] group in
            group.addTask { try await body() }
            group.addTask {
                try await clock.sleep(for: Self.limit)
                throw PrometheusError.unreachable(
                    url: address.url, reason: "no answer within \(Self.limit.humanText)")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
