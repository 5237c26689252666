import F2SDispatcher
import F2SModel
import Testing

/// Tests a process that is about to end: it makes its clients reconnect elsewhere before it stops accepting
/// connections.
@Suite struct LeavingTests {
    @Test func `every response closes its connection, and no request is rejected or aborted`() async throws {
        let apiPath = temporarySocketPath()
        let api = try await StubServer.start(path: apiPath) { $0.connection.send(ok()) }
        let server = try await StubServer.answering(ok("hi"))
        try await withTestbed(apiPath: apiPath, internal: makeInternal()) { bed in
            try await bed.serve(server)
            let idle = try await bed.client()
            #expect(try await idle.ask(get()).field("Connection") == nil)
            var clients = [idle]
            for _ in 0..<4 { clients.append(try await bed.client()) }
            bed.dispatcher.beginLeaving()
            clients.append(try await bed.client())
            #expect(!idle.isClosed)
            let api = "GET /functions HTTP/1.1\r\nHost: a\r\n\r\n"
            let requests = [get(), get("/nothing"), api, post(body: "x"), get("/hello/x"), get()]
            for (client, request) in zip(clients, requests) {
                #expect(!client.isClosed)
                let answer = try await client.ask(request)
                #expect(answer.status == (request == requests[1] ? 404 : 200))
                #expect(answer.field("Connection") == "close")
                try await client.closed()
            }
            let peer = try await bed.peer().ask(get("/hello", "X-F2S-Token: \(token)\r\n"))
            #expect(peer.status == 200)
            #expect(peer.field("Connection") == "close")
            #expect(!bed.dispatcher.currentReport().isDraining)
            let silent = try await bed.client()
            try await eventually("the client is counted") { bed.clientConnections == 1 }
            await bed.dispatcher.beginDraining()
            try await silent.closed()
            // `beginLeaving` does not undo draining.
            bed.dispatcher.beginLeaving()
            #expect(bed.dispatcher.currentReport().isDraining)
        }
        await api.stop()
        await server.stop()
    }

    @Test func `a response that began without Connection close keeps its connection open`() async throws {
        let server = try await StubServer.start { request in
            guard request.index == 0 else { return request.connection.send(ok("second")) }
            request.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            let client = try await bed.client()
            client.send(get())
            try await eventually("the first bytes of the response") { client.inbox.text.contains("abc") }
            bed.dispatcher.beginLeaving()
            server.requests[0].connection.send("def")
            #expect(try await client.answer().body == "abcdef")
            let answer = try await client.ask(get())
            #expect(answer.body == "second")
            #expect(answer.field("Connection") == "close")
            try await client.closed()
        }
        await server.stop()
    }
}
