import F2SModel
import Testing

/// Tests request smuggling: all known ways to make a proxy and its upstream see different requests in the same bytes.
@Suite struct SmugglingTests {
    private static let after = "GET /invoke/hello/after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    /// Tracks the bytes that have reached the replica, by connection.
    private struct Record {
        var seen: [ObjectIdentifier: Int] = [:]

        mutating func takeNew(_ server: StubServer) -> [[UInt8]] {
            server.connections.compactMap { connection in
                let bytes = connection.inbox.bytes
                let start = seen.updateValue(bytes.count, forKey: ObjectIdentifier(connection)) ?? 0
                return bytes.count > start ? Array(bytes[start...]) : nil
            }
        }
    }

    @Test(arguments: [false, true]) func `no request is smuggled within another or after a rejected one`(
        isDribbled: Bool
    ) async throws {
        let server = try await StubServer.start { request in
            // A response to HEAD must not have content.
            request.connection.send(
                request.line.hasPrefix("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" : ok())
        }
        try await withTestbed { bed in
            try await bed.serve(server)
            var record = Record()
            var refused = 0
            for shape in SmugglingShape.all {
                let statuses = try await statuses(of: shape, bed, isDribbled)
                try await eventually("no invocation is left after \(shape.name)") { bed.isIdle() }
                if statuses == [400] { refused += 1 }
                switch shape.verdict {
                case .refused: #expect(statuses == [400], "\(shape.name)")
                case .served: #expect(statuses == [200, 200], "\(shape.name)")
                case .either: #expect(statuses == [400] || statuses == [200, 200], "\(shape.name)")
                }
                for bytes in record.takeNew(server) { check(bytes, shape, isServed: statuses != [400]) }
            }
            report(
                5,
                "\(SmugglingShape.all.count) smuggling shapes\(isDribbled ? ", byte by byte" : ""), \(refused) "
                    + "rejected; each checked with \(LenientReader.all.count) readers of the replica's bytes")
        }
        await server.stop()
    }

    private func statuses(of shape: SmugglingShape, _ bed: Testbed, _ isDribbled: Bool) async throws -> [Int] {
        let client = try await bed.client()
        // The error response may arrive before the last byte is sent; then sending the rest fails.
        if isDribbled {
            try? await client.dribble(shape.text + Self.after)
        } else {
            client.send(shape.text + Self.after)
        }
        try await eventually("the connection of \(shape.name) ends") { client.isClosed }
        let isToHead = shape.text.hasPrefix("HEAD")
        var statuses: [Int] = []
        while let answer = try client.inbox.take({
            try Answer.parse($0, isClosed: $1, isToHead: isToHead && statuses.isEmpty)
        }) {
            if answer.status >= 200 { statuses.append(answer.status) }
        }
        #expect(client.inbox.bytes.isEmpty, "\(shape.name): \(client.inbox.text)")
        return statuses
    }

    private func check(_ bytes: [UInt8], _ shape: SmugglingShape, isServed: Bool) {
        for reader in LenientReader.all {
            let lines = reader.requestLines(bytes)
            #expect(
                !lines.contains { $0.contains("smuggled") }, "\(shape.name), read with \(reader.name): \(lines)")
            #expect(
                lines.count { $0 == "GET /after HTTP/1.1" } == (isServed ? 1 : 0) || lines.count < 2,
                "\(shape.name), read with \(reader.name): \(lines)")
            if isServed { #expect(lines.count <= 2, "\(shape.name), read with \(reader.name): \(lines)") }
        }
    }
}
