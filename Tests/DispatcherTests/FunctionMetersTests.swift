import F2SMetrics
import F2SModel
import Testing

@testable import F2SDispatcher

@Suite struct FunctionMetersTests {
    /// The HELP and TYPE lines on which dashboards and alerts depend.
    private static let heads = """
        # HELP f2s_activations_total Times that a first replica was asked for.
        # TYPE f2s_activations_total counter
        # HELP f2s_queue_wait_seconds Time that an invocation waited for a slot.
        # TYPE f2s_queue_wait_seconds histogram
        # HELP f2s_request_duration_seconds Time from a request's head to the end of its response.
        # TYPE f2s_request_duration_seconds histogram
        # HELP f2s_requests_abandoned_total Invocations whose client left before the end.
        # TYPE f2s_requests_abandoned_total counter
        # HELP f2s_requests_completed_total Invocations that the function itself has answered, by the status.
        # TYPE f2s_requests_completed_total counter
        # HELP f2s_requests_in_flight Invocations that hold a slot.
        # TYPE f2s_requests_in_flight gauge
        # HELP f2s_requests_incoming_total Invocations that were routed to a function.
        # TYPE f2s_requests_incoming_total counter
        # HELP f2s_requests_limited_total Invocations refused because their caller exceeded its rate.
        # TYPE f2s_requests_limited_total counter
        # HELP f2s_requests_queued Invocations that wait for a slot.
        # TYPE f2s_requests_queued gauge
        # HELP f2s_requests_retried_total Invocations that were sent once more.
        # TYPE f2s_requests_retried_total counter
        """

    private static let bounds =
        "0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 30 60 120 +Inf"
        .split(separator: " ")

    /// The series of a function after one invocation with status 200 on a warm replica.
    private static var series: Set<String> {
        let singles = [
            "f2s_activations_total", "f2s_requests_abandoned_total",
            "f2s_requests_in_flight", "f2s_requests_incoming_total", "f2s_requests_limited_total",
            "f2s_requests_queued", "f2s_requests_retried_total",
        ].map { "\($0){function=\"hello\"}" }
        let histograms = ["f2s_queue_wait_seconds", "f2s_request_duration_seconds"].flatMap { name in
            bounds.map { "\(name)_bucket{function=\"hello\",le=\"\($0)\"}" }
                + ["\(name)_sum{function=\"hello\"}", "\(name)_count{function=\"hello\"}"]
        }
        return Set(singles + ["f2s_requests_completed_total{function=\"hello\",status=\"2xx\"}"] + histograms)
    }

    @Test func `a finished invocation is counted by the class of its status`() async throws {
        let server = try await StubServer.start { request in
            let status = request.line.split(separator: " ")[1].dropFirst()
            request.connection.send("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            for status in [200, 201, 302, 404, 500, 503, 599, 799] {
                #expect(try await client.ask(get("/hello/\(status)")).status == status)
            }
            for (number, count) in [(1, 0), (2, 2), (3, 1), (4, 1), (5, 4)] {
                let series = "f2s_requests_completed_total{function=\"hello\",status=\"\(number)xx\"}"
                #expect(await bed.metric(series) == Double(count), "\(series)")
            }
        }
        await server.stop()
    }

    @Test func `a failed connection to a replica does not count as an activation`() async throws {
        let server = try await StubServer.start { request in
            if request.line.contains("break") { request.connection.close() } else { request.connection.send(ok()) }
        }
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            let first = try await bed.client()
            first.send(get())
            try await eventually("an activation is counted") {
                bed.metric("f2s_activations_total{function=\"hello\"}") == 1
            }
            bed.run(makeReplica("r", of: function, port: server.port))
            #expect(try await first.answer().status == 200)
            for _ in 0..<10 {
                #expect(try await first.ask(get("/hello/break")).status == 502)
                #expect(try await first.ask(get()).status == 200)
            }
            #expect(await bed.metric("f2s_activations_total{function=\"hello\"}") == 1)
        }
        await server.stop()
    }

    @Test func `a function has series from its first invocation until it is deleted`() async throws {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            try await bed.serve(server)
            #expect(!bed.registry.exposition().contains("function="))
            #expect(try await bed.client().ask(get()).status == 200)
            try await eventually("the invocation is counted") {
                bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 1
            }
            let lines = bed.registry.exposition().split(separator: "\n").map(String.init)
            let own = lines.filter { $0.contains("function=\"hello\"") }
            let names = own.compactMap { $0.split(separator: " ").first.map(String.init) }
            #expect(names.count == Self.series.count)
            #expect(Set(names) == Self.series)
            #expect(Set(lines).isSuperset(of: Self.heads.split(separator: "\n").map(String.init)))
            bed.declare()
            #expect(!bed.registry.exposition().contains("function="))
        }
        await server.stop()
    }

    @Test func `the first cold start creates its histogram and no series for failures`()
        async
        throws
    {
        let server = try await StubServer.answering(ok())
        try await withTestbed { bed in
            let function = makeFunction()
            bed.declare(function)
            let first = try await bed.client()
            first.send(get())
            try await eventually("an activation is counted") {
                bed.metric("f2s_activations_total{function=\"hello\"}") == 1
            }
            bed.run(makeReplica("r", of: function, port: server.port))
            #expect(try await first.answer().status == 200)
            try await eventually("the invocation is counted") {
                bed.metric("f2s_cold_start_seconds_count{function=\"hello\"}") == 1
            }
            #expect(!bed.registry.exposition().contains("f2s_requests_failed_total{"))
        }
        await server.stop()
    }

    @Test func `counters survive an edit and are removed with the function`() async throws {
        let server = try await StubServer.start { $0.connection.send(ok()) }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            #expect(try await client.ask(get()).status == 200)
            bed.declare(makeFunction(path: "/other", concurrency: 7))
            #expect(try await client.ask(get()).status == 200)
            // The client may receive its response before the invocation is counted.
            try await eventually("both invocations are counted") {
                bed.metric("f2s_requests_completed_total{function=\"hello\"}") == 2
            }
            #expect(await bed.metric("f2s_requests_incoming_total{function=\"hello\"}") == 2)
            #expect(await bed.metric("f2s_request_duration_seconds_count{function=\"hello\"}") == 2)
            #expect(await bed.metric("f2s_request_duration_seconds_bucket{function=\"hello\",le=\"+Inf\"}") == 2)
            #expect(await bed.metric("f2s_queue_wait_seconds_count{function=\"hello\"}") == 2)
            #expect(await bed.metric("f2s_cold_start_seconds_count{function=\"hello\"}") == 0)
            bed.declare()
            bed.declare(makeFunction())
            #expect(await bed.metric("f2s_requests_incoming_total{function=\"hello\"}") == 0)
            #expect(await bed.metric("f2s_request_duration_seconds_count{function=\"hello\"}") == 0)
        }
        await server.stop()
    }

    @Test func `every event and every stage has its own counter`() {
        let meters = FunctionMeters()
        for (number, event) in FunctionMeters.Event.allCases.enumerated() {
            for _ in 0...number { meters.count(event) }
        }
        for (number, stage) in Stage.allCases.enumerated() {
            for _ in 0...number { meters.countFailure(stage) }
        }
        for (number, event) in FunctionMeters.Event.allCases.enumerated() {
            #expect(meters.total(of: event) == UInt64(number) + 1)
        }
        for (number, failure) in meters.currentFailures.enumerated() {
            #expect(failure.stage == Stage.allCases[number])
            #expect(failure.total == UInt64(number) + 1)
        }
    }

    @Test func `each time goes to its histogram, and concurrent first observations are not lost`() async throws {
        let meters = FunctionMeters()
        #expect(!meters.areUsed && meters.currentReadings == nil)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 { meters.observe(duration: 3_000_000, queueWait: 700_000, coldStart: nil) }
                }
            }
        }
        meters.observe(duration: 1, queueWait: 2, coldStart: 3)
        let readings = try #require(meters.currentReadings)
        #expect(readings.duration.counts.count == Self.bounds.count)
        #expect(readings.duration.count == 8001)
        #expect(readings.duration.sumNanoseconds == 8000 * 3_000_000 + 1)
        #expect(readings.queueWait.sumNanoseconds == 8000 * 700_000 + 2)
        #expect(readings.coldStart.count == 1)
        #expect(readings.coldStart.sumNanoseconds == 3)
    }
}
