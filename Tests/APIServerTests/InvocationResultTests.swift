import F2SModel
import NIOCore
import Testing

@testable import F2SAPIServer

/// The parts of a response that an invocation through the API keeps and reads.
@Suite struct InvocationResultTests {
    private func result(
        _ parts: [[UInt8]], isComplete: Bool = true, problem: Problem? = nil
    ) -> (result: InvocationResult, goesOn: [Bool]) {
        var result = InvocationResult()
        let goesOn = parts.map { result.receive($0) }
        if isComplete { result.complete() }
        result.end(after: .milliseconds(1500), problem)
        return (result, goesOn)
    }

    @Test(
        arguments: [
            ([], true, "", false), (["hi"], true, "hi", false), (["hé", "llo"], true, "héllo", false),
            (["hi"], false, "hi", true),
        ] as [([String], Bool, String, Bool)])
    func `content that is UTF-8 is text, and incomplete content is marked`(
        parts: [String], isComplete: Bool, text: String, isTruncated: Bool
    ) {
        let (result, goesOn) = result(parts.map { Array($0.utf8) }, isComplete: isComplete)
        #expect(result.text == text && result.isTruncated == isTruncated)
        #expect(!goesOn.contains(false))
        #expect(result.seconds == 1.5)
    }

    @Test func `content that is not UTF-8 has no text`() {
        for bytes: [UInt8] in [[0xFF], [0x80, 0x80], [0xC3], Array("ok".utf8) + [0xE2, 0x82]] {
            #expect(result([bytes]).result.text == nil, "\(bytes)")
        }
    }

    @Test(arguments: ["a", "é", "€", "😀"])
    func `the first 256 KiB are kept, without the bytes of a divided character`(character: String) {
        let kept = InvocationResult.keptBytesMax
        let content = Array("x".utf8) + Array(String(repeating: character, count: kept).utf8)
        let result = result([Array(content.prefix(1000)), Array(content.dropFirst(1000))]).result
        #expect(result.contentBytes == content.count && result.isTruncated)
        #expect(result.content.count == kept)
        let text = result.text ?? ""
        #expect(text.allSatisfy { "x\(character)".contains($0) })
        #expect((kept - 3...kept).contains(text.utf8.count))
    }

    @Test func `reading stops at 16 MiB`() {
        let part = [UInt8](repeating: 1, count: 1024 * 1024)
        let (result, goesOn) = result(Array(repeating: part, count: 16), isComplete: false)
        #expect(goesOn == Array(repeating: true, count: 15) + [false])
        #expect(result.contentBytes == InvocationResult.readBytesMax && result.isTruncated)
        #expect(result.content.count == InvocationResult.keptBytesMax)
    }

    @Test func `content that an error has cut is not marked as truncated`() {
        let problem = Problem(.replicaLost(afterResponseBegan: true), function: nil)
        #expect(!result([[1]], isComplete: false, problem: problem).result.isTruncated)
    }
}

/// The request of an invocation through the API.
@Suite struct InvocationBodyTests {
    private func read(_ text: String) throws(Problem) -> InvocationBody { try InvocationBody(ByteBuffer(string: text)) }

    @Test func `every member is optional`() throws {
        let empty = try read("{}")
        #expect(empty.method == nil && empty.rest.isEmpty && empty.fields.isEmpty && empty.content.isEmpty)
        let full = try read(
            #"{"method":"post","path":"/a?b=c","headers":[["Accept"," text/plain "],["X-A",""]],"body":"hé"}"#)
        #expect(full.method == .post && full.rest == "/a?b=c")
        #expect(full.fields == [InvocationField("Accept", "text/plain"), InvocationField("X-A", "")])
        #expect(full.content == Array("hé".utf8))
    }

    @Test(arguments: [("", ""), ("/", "/"), ("?a=b", "?a=b"), ("a/b", "/a/b"), ("/a%20b", "/a%20b")])
    func `a path begins with a slash, unless it is only a query`(path: String, rest: String) throws {
        #expect(try read(#"{"path":"\#(path)"}"#).rest == rest)
    }

    @Test func `content may be base64`() throws {
        #expect(try read(#"{"body":"/wCA","bodyEncoding":"base64"}"#).content == [0xFF, 0, 0x80])
    }

    @Test(arguments: [
        ("", "JSON object"), ("[]", "JSON object"), (#"{"body":1}"#, "JSON object"), (#"{"metod":"GET"}"#, "metod"),
        (#"{"method":"FETCH"}"#, "FETCH"), (#"{"path":"/a b"}"#, "path"), (#"{"path":"/a#b"}"#, "path"),
        (#"{"path":"/a\r\nX: 1"}"#, "path"), (#"{"headers":[["A"]]}"#, "headers"),
        (#"{"headers":[["A B","1"]]}"#, "A B"), (#"{"headers":[["","1"]]}"#, "header"),
        (#"{"headers":[["A","1\r\nB: 2"]]}"#, "control"), (#"{"headers":[["Host","a"]]}"#, "Host"),
        (#"{"headers":[["content-length","1"]]}"#, "content-length"),
        (#"{"headers":[["Transfer-Encoding","chunked"]]}"#, "Transfer-Encoding"),
        (#"{"headers":[["F2S-Function","other"]]}"#, "F2S-Function"),
        (#"{"body":"%","bodyEncoding":"base64"}"#, "base64"), (#"{"bodyEncoding":"hex"}"#, "hex"),
    ])
    func `a malformed request is rejected with its reason`(text: String, part: String) {
        do throws(Problem) {
            _ = try read(text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect(error.status == 400 && error.detail.contains(part), "\(error.detail)")
        }
    }
}
