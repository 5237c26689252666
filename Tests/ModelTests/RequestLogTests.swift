import F2SModel
import Testing

/// The lines of the access log and of the audit log.
@Suite struct RequestLogTests {
    private func record() -> AccessRecord {
        // 2024-02-29T12:00:00.250Z
        AccessRecord(
            time: 1_709_208_000.25, client: "192.0.2.7", method: "GET", target: "/invoke/hello?x=1", minorVersion: 1)
    }

    @Test func `the JSON has no member without a value`() {
        var record = record()
        record.status = 404
        record.outcome = .failed
        record.stage = .route
        #expect(
            record.json == #"{"time":"2024-02-29T12:00:00.250Z","logger":"access","client":"192.0.2.7","#
                + #""method":"GET","target":"/invoke/hello?x=1","protocol":"HTTP/1.1","status":404,"bytes":0,"#
                + #""duration_us":0,"queue_us":0,"start_us":0,"outcome":"failed","stage":"route"}"#)
    }

    @Test func `the JSON has every value, and no byte of a client ends a text`() throws {
        var record = record()
        record.user = "ann"
        record.function = "hello"
        record.requestID = "id\"},{"
        record.referer = "line\nfeed"
        record.userAgent = "back\\slash \u{7F} \u{FFFD}"
        record.status = 200
        record.contentBytes = 6
        record.durationMicroseconds = .max
        record.queueMicroseconds = 2
        record.startMicroseconds = 3
        #expect(!record.json.contains("\n"))
        #expect(record.json.contains(#""request_id":"id\"},{""#))
        #expect(record.json.contains(#""user":"ann","function":"hello""#))
        #expect(record.json.contains(#""status":200,"bytes":6,"duration_us":9223372036854775807,"queue_us":2"#))
        #expect(
            record.json.hasSuffix(#""referer":"line\nfeed","user_agent":"back\\slash \u007f "# + "\u{FFFD}\"}"))
    }

    @Test(arguments: [
        (nil, nil, nil, #"192.0.2.7 - - [29/Feb/2024:12:00:00 +0000] "GET /invoke/hello?x=1 HTTP/1.1" 200 6 "-" "-""#),
        (
            "ann", "http://a/", "curl/8",
            #"192.0.2.7 - ann [29/Feb/2024:12:00:00 +0000] "GET /invoke/hello?x=1 HTTP/1.1" 200 6 "http://a/" "curl/8""#
        ),
        (
            "ann x\" [é]", "\" 1 \"", "a\n\\",
            #"192.0.2.7 - ann\x20x\x22\x20\x5B\xC3\xA9\x5D [29/Feb/2024:12:00:00 +0000] "#
                + #""GET /invoke/hello?x=1 HTTP/1.1" 200 6 "\x22 1 \x22" "a\x0A\x5C""#
        ),
    ])
    func `the combined format has its eight fields, and no text of a client adds one`(
        user: String?, referer: String?, agent: String?, line: String
    ) {
        var record = record()
        record.user = user
        record.referer = referer
        record.userAgent = agent
        record.status = 200
        record.contentBytes = 6
        #expect(record.combined == line)
    }

    @Test(arguments: [
        (200, AuditEntry.Result.done), (204, .done), (302, .done), (400, .failed), (401, .refused), (403, .refused),
        (404, .failed), (409, .failed), (429, .refused), (503, .failed),
    ])
    func `the status is the result of an action`(status: Int, result: AuditEntry.Result) {
        #expect(AuditEntry(action: "POST /functions", status: status).result == result)
    }

    @Test func `an audit entry names the action, the caller, the client and the result`() {
        var entry = AuditEntry(action: "DELETE /functions/hello", status: 403)
        entry.function = "hello"
        entry.user = "ann"
        entry.client = "192.0.2.7"
        entry.reason = "This needs \"functions:delete\"."
        #expect(
            entry.json(at: 1_709_208_000.25) == #"{"time":"2024-02-29T12:00:00.250Z","logger":"audit","#
                + #""action":"DELETE /functions/hello","function":"hello","user":"ann","client":"192.0.2.7","#
                + #""status":403,"result":"refused","reason":"This needs \"functions:delete\"."}"#)
        #expect(AuditEntry.omission(of: 7, at: 0).contains(#""logger":"audit","omitted":7,"#))
    }
}
