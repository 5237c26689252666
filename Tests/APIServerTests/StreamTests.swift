import F2SModel
import TestSupport
import Testing

@testable import F2SAPIServer

@Suite(.timeLimit(.minutes(1))) struct StreamTests {
    private static let hello = Function.ID("memory-hello")

    private func line(_ number: Int) -> LogLine {
        LogLine(replica: Replica.ID("hello-1"), source: "stdout", time: 0.25 + Double(number), text: "line \(number)")
    }

    @Test func `logs are lines of time, replica and text`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            for number in 1...3 { server.memory.replicas.write(line(number), of: Self.hello) }
            let text = try await server.send("GET", "/functions/hello/logs?tail=2")
            #expect(text.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(text.body == "1970-01-01T00:00:02.250Z hello-1 line 2\n1970-01-01T00:00:03.250Z hello-1 line 3\n")
            let json = try await server.send(
                "GET", "/functions/hello/logs?tail=1", headers: ["Accept": "application/x-ndjson"])
            #expect(json.headers["content-type"] == "application/x-ndjson")
            let time = "1970-01-01T00:00:03.250Z"
            let line = #"{"replica":"hello-1","source":"stdout","text":"line 3","time":"\#(time)"}"#
            #expect(json.body == line + "\n")
            #expect(try await server.send("GET", "/functions/hello/logs?tail=0").body.isEmpty)
            #expect(try await server.send("GET", "/functions/nobody/logs").status == 404)
        }
    }

    @Test func `followed logs continue with new lines`() async throws {
        try await TestServer.with(.init(functions: [.sample("hello")])) { server in
            server.memory.replicas.write(line(1), of: Self.hello)
            try await server.stream("/functions/hello/logs?follow") { reader in
                try await reader.read(until: "line 1\n")
                server.memory.replicas.write(line(2), of: Self.hello)
                try await reader.read(until: "line 2\n")
                #expect(reader.text.hasSuffix("line 2\n"))
            }
        }
    }

    @Test func `a client that disconnects ends its stream`() async throws {
        let logs = StubRuntime()
        try await TestServer.with(.init(functions: [.sample("hello")], replicas: logs)) { server in
            // The task is the client: its cancellation closes the connection.
            await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    try await server.stream("/functions/hello/logs?follow=true") { try await $0.readToEnd() }
                }
                for await readers in logs.readers.values() where readers == 1 { break }
                tasks.cancelAll()
            }
            for await readers in logs.readers.values() where readers == 0 { break }
        }
    }

    @Test func `streams end when the server ends`() async throws {
        let logs = StubRuntime()
        let texts = Latest<[String]>([])
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            try await TestServer.with(.init(functions: [.sample("hello")], replicas: logs)) { server in
                let (begun, begin) = AsyncStream.makeStream(of: Void.self)
                for (path, first) in [("/functions/hello/logs?follow", "first"), ("/events", "retry:")] {
                    tasks.addTask {
                        try await server.stream(path) { reader in
                            try await reader.read(until: first)
                            begin.yield()
                            try await reader.readToEnd()
                            texts.update { $0.append(reader.text) }
                        }
                    }
                }
                var streams = begun.makeAsyncIterator()
                for _ in 0..<2 { await streams.next() }
            }
            // The server and both streams have ended before this line. They ended cleanly, or reading them would throw.
            try await tasks.waitForAll()
        }
        #expect(texts.current.count == 2)
    }

    @Test func `events are remembered, then followed, and numbered`() async throws {
        try await TestServer.with { server in
            for number in 1...3 { server.memory.events.record(event(number)) }
            try await server.stream("/events") { reader in
                #expect(reader.contentType == "text/event-stream")
                try await reader.read(until: "id: 3\n")
                #expect(reader.text.contains("id: 1\n"))
                server.memory.events.record(event(4))
                try await reader.read(until: "message 4")
                let block = try #require(reader.text.split(separator: "\n\n").last { $0.contains("message 4") })
                #expect(block.hasPrefix("id: 4\ndata: {"))
            }
            try await server.stream("/events", headers: ["Last-Event-ID": "2"]) { reader in
                try await reader.read(until: "id: 4\n")
                #expect(!reader.text.contains("id: 2\n") && reader.text.contains("id: 3\n"))
            }
            // A client from a process with more events continues at its position.
            try await server.stream("/events", headers: ["Last-Event-ID": "99"]) { reader in
                server.memory.events.emit(
                    [99, 120].map { number in
                        var event = event(number)
                        event.sequence = UInt64(number)
                        return event
                    })
                try await reader.read(until: "id: 120\n")
                #expect(!reader.text.contains("id: 4\n") && !reader.text.contains("id: 99\n"))
            }
        }
    }

    @Test func `comments are sent during silence`() async throws {
        try await TestServer.with(.init(keepAlive: .milliseconds(10))) { server in
            try await server.stream("/events") { reader in
                try await reader.read(until: ": \n\n: \n\n: \n\n")
                #expect(!reader.text.contains("data:"))
            }
        }
    }

    @Test(arguments: [("/events?follow=false", "text/event-stream"), ("/events", "application/json")])
    func `events are a list if the client requests one`(path: String, accept: String) async throws {
        try await TestServer.with { server in
            for number in 1...2 { server.memory.events.record(event(number)) }
            let list = try await server.send("GET", path, headers: ["Accept": accept])
            #expect(list.headers["content-type"] == "application/json")
            #expect(try list.json["items"]?.items.map { $0["sequence"] } == [1, 2])
        }
    }

    @Test func `events are limited to the named function`() async throws {
        try await TestServer.with { server in
            for (number, function) in [(1, "hello"), (2, "other"), (3, "hello")] {
                server.memory.events.record(event(number, of: function))
            }
            for (name, numbers) in [("hello", [1, 3]), ("other", [2]), ("gone", [])] as [(String, [JSON?])] {
                let list = try await server.send("GET", "/events?follow=false&function=\(name)")
                #expect(try list.json["items"]?.items.map { $0["sequence"] } == numbers)
            }
            try await server.stream("/events?function=hello") { reader in
                try await reader.read(until: "id: 3\n")
                for (number, function) in [(4, "other"), (5, "hello")] {
                    server.memory.events.record(event(number, of: function))
                }
                try await reader.read(until: "message 5")
                // Events of other functions cause no comment either.
                for foreign in ["id: 2\n", "id: 4\n", ": \n\n"] { #expect(!reader.text.contains(foreign)) }
            }
        }
    }

    @Test(arguments: [
        ("", 403), ("&function=team-a-x", 200), ("&function=team-b-x", 403), ("&function=Not_A_Name", 400),
        ("&function=", 400), ("&function=team-a-x&function=team-a-y", 400), ("&functions=team-a-x", 400),
    ])
    func `a caller reads the events of the functions that it may read`(query: String, status: Int) async throws {
        try await TestServer.with(.init(authenticator: StubAuthenticator())) { server in
            let answer = try await server.send(
                "GET", "/events?follow=false\(query)", headers: ["Authorization": "Bearer functions:list@team-a-*"])
            #expect(answer.status == status)
            #expect((answer.problem == nil) == (status == 200))
        }
    }

    private func event(_ number: Int, of function: String = "hello") -> Event {
        Event(time: Double(number), function: function, reason: "Scaled", message: "message \(number)")
    }
}
