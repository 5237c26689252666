/// A request that two readers might interpret differently, or that hides another request.
struct SmugglingShape: Sendable {
    enum Verdict: Sendable {
        /// The dispatcher must respond with 400 and ignore the bytes after the request.
        case refused
        /// The dispatcher must read the bytes as one request.
        case served
        /// Both verdicts are safe.
        case either
    }

    let name: String
    let text: String
    let verdict: Verdict

    init(_ name: String, _ verdict: Verdict, _ text: String) {
        self.name = name
        self.text = text
        self.verdict = verdict
    }

    /// The request that must not reach a replica as a separate request.
    static let hidden = "GET /invoke/hello/smuggled HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
    private static let hiddenSize = String(hidden.utf8.count, radix: 16)
    /// Chunked content that ends before the hidden request.
    private static let ended = "0\r\n\r\n" + hidden
    /// The hidden request within a chunk.
    private static let wrapped = "\(hiddenSize)\r\n\(hidden)\r\n0\r\n\r\n"

    private static func head(_ fields: String, method: String = "POST", version: String = "1.1") -> String {
        "\(method) /invoke/hello/first HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n"
    }

    private static func chunked(_ content: String, _ fields: String = "") -> String {
        head("Transfer-Encoding: chunked\r\n" + fields) + content
    }

    static let all = lengths + encodings + both + chunks + trailers + heads + hops + methods

    private static let lengths: [SmugglingShape] =
        [
            ("+5", "+5"), ("-5", "-5"), ("0x5", "0x5"), ("5,5", "5,5"), ("5, 6", "5, 6"), ("empty", ""),
            ("5 5", "5 5"),
            ("5.0", "5.0"), ("5;", "5;"), ("1e1", "1e1"), ("quoted", "\"5\""), ("19 digits", "1000000000000000000"),
            ("over 64 bits", "18446744073709551621"), ("over 128 bits", String(repeating: "9", count: 40)),
            ("form feed", "\u{c}5"), ("vertical tab", "\u{b}5"), ("full-width digits", "\u{ff15}"),
            ("Arabic digits", "\u{665}"), ("NUL", "5\u{0}"), ("no-break space", "\u{a0}5"), ("dash", "5-"),
        ].map { SmugglingShape("length: \($0)", .refused, head("Content-Length: \($1)\r\n") + "hello" + hidden) } + [
            SmugglingShape(
                "length: a space before the colon", .refused, head("Content-Length : \(hidden.utf8.count)\r\n") + hidden
            ),
            SmugglingShape(
                "length: a tab before the colon", .refused,
                head("Content-Length\t: \(hidden.utf8.count)\r\n") + hidden),
            SmugglingShape(
                "length: twice, the same", .refused,
                head("Content-Length: 5\r\nContent-Length: 5\r\n") + "hello" + hidden),
            SmugglingShape(
                "length: twice, first 0", .refused,
                head("Content-Length: 0\r\nContent-Length: \(hidden.utf8.count)\r\n") + hidden),
            SmugglingShape(
                "length: twice, last 0", .refused,
                head("Content-Length: \(hidden.utf8.count)\r\ncontent-length: 0\r\n") + hidden),
            SmugglingShape(
                "length: on a folded line", .refused, head("Content-Length:\r\n \(hidden.utf8.count)\r\n") + hidden),
            SmugglingShape(
                "length: folded under another field", .refused,
                head("X: y\r\n Content-Length: 5\r\n") + "hello" + hidden),
            SmugglingShape(
                "length: with an underscore", .refused, head("Content_Length: \(hidden.utf8.count)\r\n") + hidden),
            SmugglingShape(
                "length: with an underscore beside the real field", .refused,
                head("Content-Length: \(hidden.utf8.count)\r\nContent_Length: 0\r\n") + hidden),
            SmugglingShape("length: blanks around it", .served, head("Content-Length: \t 5\t \r\n") + "hello"),
            SmugglingShape("length: zeros in front", .either, head("Content-Length: 00005\r\n") + "hello"),
            SmugglingShape("length: in any case", .served, head("cOnTeNt-LeNgTh: \(hidden.utf8.count)\r\n") + hidden),
        ]

    private static let encodings: [SmugglingShape] =
        [
            " xchunked", " chunkedx", " chunked, identity", " identity, chunked", " identity", " chunked, chunked",
            " gzip, chunked", " chunked;x=y", " chunked,", " ,chunked", " \"chunked\"", " 'chunked'", "\u{b}chunked",
            "\u{c}chunked", " chunked\u{0}", " \u{0}chunked", " chunked\u{b}", "\r\n chunked", "\r\n\tchunked", " cow",
            "", " chun\u{0}ked", " chunKed\u{212a}", "\u{a0}chunked", " chunked\u{1f}", "\u{7f}chunked", " c hunked",
            " \u{10c}hunked", " chunked\r\nX: y\r\n chunked",
        ].map {
            SmugglingShape("encoding:\($0.debugDescription)", .refused, head("Transfer-Encoding:\($0)\r\n") + ended)
        }
        + [
            "Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked", "Transfer-Encoding\u{0}: chunked",
            "Transfer-Encoding\u{b}: chunked", " Transfer-Encoding: chunked", "\tTransfer-Encoding: chunked",
            "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
            "X: y\r\rTransfer-Encoding: chunked",
            "\nTransfer-Encoding: chunked", "\rTransfer-Encoding: chunked", "Transfer-Encoding\r\n: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow",
            "Transfer-Encoding: chunked\r\ntransfer-encoding: x",
            "Transfer-Encoding", "Transfer-Encoding chunked", "Transfer-Encoding;: chunked",
            "Transfer\u{ad}-Encoding: chunked",
            "Transfer_Encoding: chunked", "TRANSFER_ENCODING: chunked",
        ].map { SmugglingShape("encoding: \($0.debugDescription)", .refused, head($0 + "\r\n") + ended) } + [
            SmugglingShape(
                "encoding: with an underscore beside a length", .refused,
                head("Content-Length: \(ended.utf8.count)\r\nTransfer_Encoding: chunked\r\n") + ended),
            SmugglingShape(
                "encoding: of HTTP/1.0", .refused, head("Transfer-Encoding: chunked\r\n", version: "1.0") + ended),
            SmugglingShape("encoding: in any case", .served, head("tRANSFER-eNCODING: CHUNKED\r\n") + wrapped),
            SmugglingShape(
                "encoding: blanks around it", .served, head("Transfer-Encoding:\t chunked \t\r\n") + wrapped),
            SmugglingShape(
                "encoding: chunked in TE", .served,
                head("TE: chunked\r\nContent-Length: \(ended.utf8.count)\r\n") + ended),
            SmugglingShape(
                "encoding: chunked in other fields", .served,
                head(
                    "X-Transfer-Encoding: chunked\r\nContent-Encoding: chunked\r\n"
                        + "Content-Length: \(ended.utf8.count)\r\n"
                )
                    + ended),
        ]

    private static let both: [SmugglingShape] = [
        SmugglingShape(
            "CL.TE", .refused,
            head("Content-Length: \(ended.utf8.count)\r\nTransfer-Encoding: chunked\r\n") + ended),
        SmugglingShape("TE.CL", .refused, head("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n") + wrapped),
        SmugglingShape("CL.TE with a length of 0", .refused, chunked(ended, "Content-Length: 0\r\n")),
        SmugglingShape("TE.CL, malformed length", .refused, chunked(ended, "Content-Length: x\r\n")),
        SmugglingShape(
            "TE.TE and a length", .refused,
            head("Content-Length: 5\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n") + ended),
        SmugglingShape(
            "length on a folded line of the encoding", .refused,
            head("Transfer-Encoding: chunked\r\n Content-Length: 5\r\n") + ended),
    ]

    private static let chunks: [SmugglingShape] =
        [
            "-1\r\n", "+5\r\nhello\r\n", "0x5\r\nhello\r\n", "0X5\r\nhello\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n",
            "\t5\r\nhello\r\n",
            "5\t;x\n\r\nhello\r\n", "5\nhello\r\n", "5\rhello\r\n", "5\r\r\nhello\r\n", "5\r\nhelloX\r\n",
            "5\r\nhello\n",
            "5\r\nhello\r", "5\r\nhello", "5\r\nhello\n\r", "\r\n5\r\nhello\r\n", "\n5\r\nhello\r\n", "g\r\n",
            "5,5\r\n",
            "5_0\r\n", "5.\r\nhello\r\n", "5;a\nb\r\nhello\r\n", "5;a\rb\r\nhello\r\n", "5;a\u{0}b\r\nhello\r\n",
            "5;a=\"\nb\"\r\nhello\r\n",
            "5;\u{7f}\r\nhello\r\n", "10000000000000005\r\nhello\r\n", "FFFFFFFFFFFFFFFF\r\nhello\r\n",
            "100000000000000000000000000000005\r\nhello\r\n",
            "0000000000000000000000000000000005\r\nhello\r\n", "\u{ff15}\r\nhello\r\n",
            "5\u{0}\r\nhello\r\n", "5\u{b}\r\nhello\r\n", "\"5\"\r\nhello\r\n", "5 5\r\nhello\r\n",
            "ffffffffffffffffffff\r\n",
            "7fffffffffffffff\r\n", "8000000000000000\r\n",
        ].map { SmugglingShape("chunk: \($0.debugDescription)", .refused, chunked($0 + "0\r\n\r\n" + hidden)) }
        + ["0\r\n\n", "0\n\n", "0\r\r", "0\r\n\r", "0 \r\n\r\n", "-0\r\n\r\n", "0x0\r\n\r\n", "0\n\r\n", "0\r\n\rX"].map
    {
        SmugglingShape("last chunk: \($0.debugDescription)", .refused, chunked($0 + hidden))
    } + [
        SmugglingShape("chunk: the hidden request", .served, chunked(wrapped)),
        SmugglingShape(
            "chunk: an extension", .served,
            chunked("\(hiddenSize);a=b;c=\"d;e\"\r\n\(hidden)\r\n0;last\r\n\r\n")),
        SmugglingShape(
            "chunk: an extension that looks like chunks", .either, chunked("5;0 0\r\nhello\r\n0\r\n\r\n")),
        SmugglingShape(
            "chunk: a quoted string without an end on its line", .either,
            chunked("\(hiddenSize);a=\"\r\n\(hidden)\r\n0\r\n\r\n")),
        SmugglingShape("chunk: blanks before an extension", .either, chunked("5 ;a\r\nhello\r\n0\r\n\r\n")),
        SmugglingShape("chunk: zeros in front", .either, chunked("00005\r\nhello\r\n000\r\n\r\n")),
        SmugglingShape(
            "chunk: one byte each", .served,
            chunked(hidden.map { "1\r\n\($0 == "\r\n" ? "x" : $0)\r\n" }.joined() + "0\r\n\r\n")),
    ]

    private static let trailers: [SmugglingShape] =
        [
            "Content-Length: 60\r\n", "Transfer-Encoding: chunked\r\n", "Host: b\r\n", "X-Forwarded-For: 1.2.3.4\r\n",
            "Connection: close\r\n", "Trailer: x\r\n",
        ].map { SmugglingShape("trailer: \($0.debugDescription)", .either, chunked("5\r\nhello\r\n0\r\n\($0)\r\n")) }
        + [
            "X: y\n", "X: y\r", " X: y\r\n", "X : y\r\n", ": y\r\n", "X\r\n", "X: \u{0}\r\n", "X: y\r\n z\r\n",
            "X: y\r\n\tz\r\n",
            "X: y\rz\r\n", "X: y\nGET /invoke/hello/smuggled HTTP/1.1\r\n", "GET /invoke/hello/smuggled HTTP/1.1\r\n",
        ].map { SmugglingShape("trailer: \($0.debugDescription)", .refused, chunked("0\r\n\($0)\r\n" + hidden)) }

    private static let heads: [SmugglingShape] =
        [
            ("no Host", "GET /invoke/hello/first HTTP/1.1\r\n\r\n"),
            ("two Hosts", head("Host: a\r\n", method: "GET")),
            ("two Hosts in other case", head("hOST: b\r\n", method: "GET")),
            ("a folded Host", "GET /invoke/hello/first HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"),
            ("a Host with @", "GET /invoke/hello/first HTTP/1.1\r\nHost: a@b\r\n\r\n"),
            ("a Host list", "GET /invoke/hello/first HTTP/1.1\r\nHost: a, b\r\n\r\n"),
            ("a Host with a blank", "GET /invoke/hello/first HTTP/1.1\r\nHost: a b\r\n\r\n"),
            ("a Host with a tab", "GET /invoke/hello/first HTTP/1.1\r\nHost: a\tb\r\n\r\n"),
            ("a Host with a path", "GET /invoke/hello/first HTTP/1.1\r\nHost: a/b\r\n\r\n"),
            ("a Host with #", "GET /invoke/hello/first HTTP/1.1\r\nHost: a#b\r\n\r\n"),
            ("a space before Host's colon", "GET /invoke/hello/first HTTP/1.1\r\nHost : a\r\n\r\n"),
            ("a Host after a folded one", "GET /invoke/hello/first HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n"),
            ("another authority", "GET http://b/invoke/hello/first HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("another port", "GET http://a:81/invoke/hello/first HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("a user in the authority", "GET http://a@b/invoke/hello/first HTTP/1.1\r\nHost: b\r\n\r\n"),
            ("another port of https", "GET https://a:80/invoke/hello/first HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
            ("bare line feeds", "GET /invoke/hello/first HTTP/1.1\nHost: a\n\n"),
            ("one bare line feed", "GET /invoke/hello/first HTTP/1.1\r\nHost: a\r\n\n"),
            ("line feed before return", "GET /invoke/hello/first HTTP/1.1\n\rHost: a\n\r\n\r\r\n\r\n"),
            ("a bare return", "GET /invoke/hello/first HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n"),
            ("NUL in a value", head("X: \u{0}\r\n")), ("NUL in a name", head("X\u{0}: y\r\n")),
            ("no colon", head("X\r\n")),
            ("no name", head(": y\r\n")), ("a name of other bytes", head("X\u{e4}: y\r\n")),
            ("brackets", head("[X]: y\r\n")),
            ("a target with a space", "GET /invoke/hello/first x HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("a target with a tab", "GET /invoke/hello\t/first HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("two spaces", "GET  /invoke/hello/first HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("HTTP/0.9", "GET /invoke/hello/first\r\n\r\n"), ("HTTP/1.2", head("", method: "GET", version: "1.2")),
            ("HTTP/2.0", head("", method: "GET", version: "2.0")),
            ("HTTP/01.1", head("", method: "GET", version: "01.1")),
            ("HTTP/1.1x", head("", method: "GET", version: "1.1x")),
            ("a blank after the version", "GET /invoke/hello/first HTTP/1.1 \r\nHost: a\r\n\r\n"),
            ("a method with a colon", "GET: /invoke/hello/first HTTP/1.1\r\nHost: a\r\n\r\n"),
            (
                "a request in the target",
                "GET /invoke/hello/first HTTP/1.1 GET /invoke/hello/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
            ),
            ("a dot segment in the route", "GET /invoke/x/../hello/first HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("an encoded slash in the route", "GET /invoke/x%2fhello/first HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("a line of blanks", "GET /invoke/hello/first HTTP/1.1\r\nHost: a\r\n \r\n\r\n"),
        ].map { SmugglingShape("head: \($0)", .refused, $1 + hidden) } + [
            SmugglingShape(
                "head: a request in a value", .served,
                head("X: GET /invoke/hello/smuggled HTTP/1.1\r\n", method: "GET")),
            SmugglingShape("head: empty lines in front", .served, "\r\n\r\n" + head("", method: "GET")),
            SmugglingShape(
                "head: the same authority", .served, "GET http://a/invoke/hello/first HTTP/1.1\r\nHost: a\r\n\r\n"),
            SmugglingShape(
                "head: the same authority with https", .served,
                "GET https://a:443/invoke/hello/first HTTP/1.1\r\nHost: a\r\n\r\n"),
        ]

    private static let hops: [SmugglingShape] =
        [
            "content-length", "Content-Length, close", "host", "content-type", "x, content-length", "authorization",
        ].map {
            SmugglingShape(
                "Connection: \($0)", .either,
                head("Connection: \($0.replacing(", close", with: ""))\r\nContent-Length: \(hidden.utf8.count)\r\n")
                    + hidden)
        } + [
            SmugglingShape(
                "Connection: transfer-encoding", .served,
                head("Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n") + wrapped),
            SmugglingShape(
                "Connection: transfer-encoding after it", .served,
                head("Transfer-Encoding: chunked\r\nConnection: keep-alive, Transfer-Encoding\r\n") + wrapped),
            SmugglingShape(
                "Keep-Alive names the length", .served,
                head("Connection: keep-alive\r\nKeep-Alive: content-length\r\nContent-Length: \(hidden.utf8.count)\r\n")
                    + hidden),
            SmugglingShape(
                "Expect with a body", .served,
                head("Expect: 100-continue\r\nContent-Length: \(hidden.utf8.count)\r\n") + hidden),
            SmugglingShape(
                "Expect with chunks", .served,
                head("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n") + wrapped),
            SmugglingShape(
                "another Expect with a body", .either,
                head("Expect: 100-continue, x\r\nContent-Length: \(hidden.utf8.count)\r\n") + hidden),
            SmugglingShape(
                "Upgrade with a body", .served,
                head("Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: \(hidden.utf8.count)\r\n") + hidden),
            SmugglingShape(
                "Upgrade with chunks", .served,
                head("Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n") + wrapped),
        ]

    private static let methods: [SmugglingShape] =
        ["GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "PROPFIND", "POST"].map {
            SmugglingShape(
                "CL.0: \($0)", .served, head("Content-Length: \(hidden.utf8.count)\r\n", method: $0) + hidden)
        }
        + ["GET", "HEAD", "DELETE"].map {
            SmugglingShape("TE.0: \($0)", .served, head("Transfer-Encoding: chunked\r\n", method: $0) + wrapped)
        } + [
            SmugglingShape("0.CL: a length of 0", .served, head("Content-Length: 0\r\n"))
        ]
}
