import Glibc
import ProcessSupport
import Testing

extension EndToEndSerial {
    /// The runtimes of functions from source text, without F2S.
    @Suite struct Runtimes {
        /// A language and one of its cases.
        struct Handling: Sendable, CustomTestStringConvertible {
            let language: Language
            let interpreter: String

            var testDescription: String { interpreter }
        }

        private static let handlings = Language.allCases.flatMap { language in
            language.interpreters.map { Handling(language: language, interpreter: $0) }
        }

        @Test(arguments: handlings) func `handlers of every shape give the response that they describe`(
            handling: Handling
        ) async throws {
            let cases = handling.language.cases
            #expect(cases.count >= 40)
            let failures = try await atOnce(4) { worker in
                try cases.indices.filter { $0 % 4 == worker }.flatMap { try Self.failures(of: cases[$0], handling) }
            }
            #expect(failures.flatMap(\.self) == [])
            report(6, "\(handling.interpreter): \(cases.count) handlers")
        }

        private static func failures(of wanted: HandlerCase, _ handling: Handling) throws -> [String] {
            let runtime = try RunningRuntime(
                handling.language, wanted.files, handler: wanted.handler, debug: wanted.debug,
                interpreter: handling.interpreter)
            defer { runtime.end() }
            let connection = try runtime.connect()
            let body = Array(wanted.body.utf8)
            if wanted.isChunked {
                try connection.send(wanted.method, wanted.target, wanted.headers + [("Transfer-Encoding", "chunked")])
                let (first, second) = (body.prefix(body.count / 2), body.dropFirst(body.count / 2))
                for part in [first, second] where !part.isEmpty {
                    try connection.send(Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8))
                }
                try connection.send("0\r\n\r\n")
            } else {
                let hasBody = !body.isEmpty || ["POST", "PUT", "PATCH"].contains(wanted.method)
                try connection.send(wanted.method, wanted.target, wanted.headers, body: hasBody ? body : nil)
            }
            let answer = try connection.answer(to: wanted.method)
            var failures: [String] = []
            if answer.status != wanted.status { failures.append("status \(answer.status), not \(wanted.status)") }
            for (name, value) in wanted.answerHeaders where answer[name.lowercased()] != value {
                failures.append("\(name): \(answer[name.lowercased()] ?? "absent"), not \(value)")
            }
            if let text = wanted.answer, answer.text != text { failures.append("\(answer.text), not \(text)") }
            if let part = wanted.answerContains, !answer.text.contains(part) {
                failures.append("\(answer.text), without \(part)")
            }
            if !failures.isEmpty { failures.append(runtime.errors) }
            return failures.map { "\(wanted.name): \($0)" }
        }

        @Test(arguments: Language.allCases) func `50 connections get their own answers and the memory stays flat`(
            language: Language
        ) async throws {
            let runtime = try RunningRuntime(language, language.numbering)
            defer { runtime.end() }
            func round(_ count: Int) async throws -> Int {
                let wrong = try await atOnce(50) { worker in
                    let connection = try runtime.connect()
                    return try (0..<count / 50).count { number in
                        let answer = try connection.exchange("GET", "/?n=\(worker)-\(number)")
                        return answer.status != 200 || answer.text != "\(worker)-\(number)"
                    }
                }
                return wrong.reduce(0, +)
            }
            #expect(try await round(1000) == 0)
            // The first rounds fill the caches of the interpreter.
            #expect(try await round(5000) == 0)
            let before = runtime.memory
            #expect(try await round(5000) == 0)
            let growth = runtime.memory - before
            report(6, "\(language): \(before) KiB after 6,000 requests, \(growth) KiB more after 11,000")
            #expect(growth < 8192)
        }

        @Test(arguments: Language.allCases) func `SIGTERM loses no request`(language: Language) async throws {
            let runtime = try RunningRuntime(language, language.numbering)
            defer { runtime.end() }
            let idle = try (0..<5).map { _ in try runtime.connect() }
            for connection in idle { #expect(try connection.exchange("GET", "/?n=1").text == "1") }
            let busy = try (0..<20).map { _ in try runtime.connect() }
            for (number, connection) in busy.enumerated() { try connection.send("GET", "/?ms=400&n=\(number)") }
            // All of them have been read when the last one is being handled.
            pause(.milliseconds(200))
            runtime.process.send(signal: SIGTERM)
            let answers = try busy.map { try $0.answer() }
            #expect(answers.map(\.text) == (0..<20).map { "\($0)" })
            #expect(answers.allSatisfy { $0.status == 200 && $0["connection"]?.lowercased() == "close" })
            for connection in idle { #expect(try connection.someOrEnd() == nil) }
            #expect(try runtime.process.waitForEnd(within: .seconds(10)) == 0)
            report(6, "\(language): SIGTERM with 20 requests in flight: 20 answered")
        }

        @Test(arguments: Language.allCases) func `the added latency is small`(language: Language) async throws {
            let runtime = try RunningRuntime(language, language.numbering)
            defer { runtime.end() }
            let bare = try RunningRuntime(bare: language)
            defer { bare.end() }
            func median(_ connection: HTTPConnection) throws -> Int64 {
                let times = try (0..<400).map { _ in
                    let began = monotonicNanoseconds()
                    _ = try connection.exchange("GET", "/")
                    return monotonicNanoseconds() - began
                }
                return times.sorted()[times.count / 2]
            }
            let (own, other) = (try runtime.connect(), try bare.connect())
            _ = (try median(own), try median(other))
            // In turn, so that a busy machine concerns both.
            let rounds = try (0..<9).map { _ in (try median(own), try median(other)) }
            let ratio = rounds.map { Double($0.0) / Double($0.1) }.sorted()[rounds.count / 2]
            report(6, "\(language): latency \(ratio) times that of a bare server (bar 1.1)")
            #expect(ratio < 1.5)
        }

        /// Files that cannot be loaded, and the last line of the log.
        static let broken: [(language: Language, files: [String: String], line: String)] = [
            (.python, ["handler.py": "def handle(request):\n    retrun 1\n"], "f2s: handler.py:2: SyntaxError:"),
            (.python, ["handler.py": "import missing_module\n"], "f2s: handler.py:1: ModuleNotFoundError:"),
            (.python, ["handler.py": "def other(request): pass\n"], "f2s: handler.py: has no function handle"),
            (.python, ["handler.py": "import lib\n", "lib.py": "\n\n1 / 0\n"], "f2s: lib.py:3: ZeroDivisionError:"),
            (
                .node, ["handler.mjs": "export function handle() {\n  retrun 1;\n}\n"],
                "f2s: handler.mjs:2: SyntaxError:"
            ),
            (.node, ["handler.mjs": "export function other() {}\n"], "f2s: handler.mjs: has no function handle"),
            (.node, ["handler.js": "export function handle() {}\n"], ".mjs"),
        ]

        @Test(arguments: broken.indices) func `files that cannot be loaded are explained in the last line of the log`(
            index: Int
        ) throws {
            let (language, files, line) = Self.broken[index]
            do {
                let runtime = try RunningRuntime(language, files)
                runtime.end()
                Issue.record("It listens.")
            } catch let failure as ChildProcess.Failure {
                let last = failure.description.split(separator: "\n").last ?? ""
                #expect(last.contains(line) && last.contains("f2s: "), "\(failure)")
                #expect(failure.description.contains("ended with 1"))
            }
        }
    }
}
