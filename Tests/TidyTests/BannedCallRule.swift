/// Bans calls that crash, block, leak or hide errors, and names a replacement for each. A banned call that is
/// nevertheless correct has a comment `// Safe: …` above it that proves it.
enum BannedCallRule {
    /// The files to which a ban applies.
    enum Scope {
        /// All files in `Sources`.
        case product
        /// All files in `Sources` except `Sources/f2s`, which writes to a terminal.
        case modules
        /// All Swift files.
        case everywhere

        func includes(_ file: SourceFile) -> Bool {
            switch self {
            case .product: file.isProduct
            case .modules: file.isProduct && !file.path.hasPrefix("Sources/f2s/")
            case .everywhere: true
            }
        }
    }

    /// A banned sequence of tokens.
    struct Ban {
        let tokens: [String]
        let scope: Scope
        let instead: String
        /// True if the ban covers only a free function: `clock.sleep(` is not `sleep(`.
        let isFree: Bool
        /// The tokens as source text, for messages.
        let shown: String
        /// The names of functions in which the call is allowed.
        let functionsExcepted: Set<String>

        init(
            _ tokens: String, _ scope: Scope, _ instead: String, isFree: Bool = true, except: Set<String> = []
        ) {
            self.tokens = tokens.split(separator: " ").map(String.init)
            // A space is significant only between words.
            shown = tokens.hasPrefix("import ") || tokens.hasPrefix("@") ? tokens : tokens.replacing(" ", with: "")
            self.scope = scope
            self.instead = instead
            self.isFree = isFree
            functionsExcepted = except
        }
    }

    static let bans = [
        Ban("try !", .product, "handle the error, or let it through with try"),
        Ban("fatalError (", .product, "throw an error, or make the state impossible to express"),
        Ban("as !", .product, "use as? and handle the case that the value has another type"),
        Ban("@unchecked Sendable", .product, "hold the state in a Mutex"),
        Ban("nonisolated ( unsafe )", .product, "hold the state in a Mutex"),
        Ban("unowned ( unsafe )", .product, "hold a strong reference, or a weak one that you check"),
        Ban("unsafeBitCast (", .product, "convert with a failable initialiser"),
        Ban("print (", .modules, "log it with the logger passed to init"),
        Ban("debugPrint (", .modules, "log it with the logger passed to init"),
        Ban("dump (", .modules, "log it with the logger passed to init"),
        Ban("Task {", .product, "run it in a task group of a Service's run()"),
        Ban("Task (", .product, "run it in a task group of a Service's run()"),
        Ban("Task <", .product, "run it in a task group of a Service's run()"),
        Ban("Task . init", .product, "run it in a task group of a Service's run()"),
        Ban("Task . detached", .product, "run it in a task group of a Service's run()"),
        Ban("Task . immediate", .product, "run it in a task group of a Service's run()"),
        Ban("Thread . sleep", .everywhere, "wait for the event itself, or use a clock passed to init"),
        Ban("sleep (", .everywhere, "wait for the event itself, or use a clock passed to init"),
        Ban("usleep (", .everywhere, "wait for the event itself, or use a clock passed to init"),
        Ban("import Foundation", .product, "import FoundationEssentials where the table of modules allows it"),
        Ban("import FoundationNetworking", .everywhere, "use AsyncHTTPClient where the table of modules allows it"),
        Ban("import XCTest", .everywhere, "import Testing"),
        Ban(
            ". wait (", .product, "use await, or chain on the future: wait() blocks the thread", isFree: false,
            except: ["start", "stop"]),
    ]

    private static let bansByFirstToken = Dictionary(grouping: bans) { $0.tokens[0] }

    static func findings(_ file: SourceFile) -> [Finding] {
        guard file.isSwift else { return [] }
        let tokens = file.swift.tokens
        let functions = DeclarationWalker(file.swift).declarations.filter { $0.keyword == "func" }
        var found: [Finding] = []
        for index in tokens.indices {
            let line = tokens[index].line
            for ban in bansByFirstToken[tokens[index].text] ?? []
            where ban.scope.includes(file) && stands(ban, at: index, in: tokens) {
                let around = functions.last { $0.line <= line && line <= $0.lastLine ?? 0 }
                if let around, ban.functionsExcepted.contains(around.name) { continue }
                found.append(file.finding(line, message(ban.shown, instead: ban.instead)))
            }
            guard file.isProduct else { continue }
            if isForceUnwrap(at: index, in: tokens) {
                found.append(file.finding(line, message("!", instead: "unwrap with guard let, if let or ??")))
            }
            if isUnboundedStream(at: index, in: tokens) {
                found.append(
                    file.finding(
                        line, message("an unbounded AsyncStream", instead: "give bufferingPolicy: .bufferingNewest(n)"))
                )
            }
        }
        return found.filter { !isProvedSafe($0.line, in: file) }
    }

    private static func message(_ what: String, instead: String) -> String {
        "\(what) is banned: \(instead). If it is correct here, prove it in a comment \"// Safe: …\" on the line above"
    }

    private static func stands(_ ban: Ban, at index: Int, in tokens: [SwiftText.Token]) -> Bool {
        guard index + ban.tokens.count <= tokens.count else { return false }
        for (offset, text) in ban.tokens.enumerated() where tokens[index + offset].text != text { return false }
        // `func print(` declares another function of that name.
        guard ban.isFree, index > 0 else { return true }
        return ![".", "func"].contains(tokens[index - 1].text)
    }

    /// Returns true for an exclamation mark that follows a value or a type without a space: `x!`, `f()!`, `a[0]!`,
    /// `T!`, but not `!=` or `!isReady`.
    private static func isForceUnwrap(at index: Int, in tokens: [SwiftText.Token]) -> Bool {
        let token = tokens[index]
        guard token.text == "!", token.isGlued, index > 0 else { return false }
        let previous = tokens[index - 1]
        let followsValue = previous.kind != .mark || [")", "]", "}", "?", "!", ">"].contains(previous.text)
        let isKeyword = ["try", "as"].contains(previous.text)
        let isOperator = index + 1 < tokens.count && tokens[index + 1].isGlued && tokens[index + 1].text == "="
        return followsValue && !isKeyword && !isOperator
    }

    /// Returns true for `AsyncStream(…)`, `AsyncStream { }` and `AsyncStream.makeStream(…)` without a buffering policy:
    /// they buffer without a bound by default.
    private static func isUnboundedStream(at index: Int, in tokens: [SwiftText.Token]) -> Bool {
        guard tokens[index].text == "AsyncStream" || tokens[index].text == "AsyncThrowingStream" else { return false }
        var next = index + 1
        if tokens[next...].first?.text == "<" {
            var depth = 0
            repeat {
                if tokens[next].text == "<" { depth += 1 }
                if tokens[next].text == ">" { depth -= 1 }
                next += 1
            } while depth > 0 && next < tokens.count
        }
        if tokens[next...].first?.text == ".", ["makeStream", "init"].contains(tokens[next...].dropFirst().first?.text)
        {
            next += 2
        }
        guard next < tokens.count else { return false }
        if tokens[next].text == "{" {
            // After an arrow or a colon the name is a type, and the brace opens the body of a function or property of
            // that type. A closure without parameters is called once per element, so that stream buffers nothing.
            let isType = index > 0 && [">", ":"].contains(tokens[index - 1].text)
            let takesContinuation = tokens[next...].dropFirst().prefix(4).contains { $0.text == "in" }
            return !isType && takesContinuation
        }
        guard tokens[next].text == "(", tokens[next].isGlued else { return false }
        let arguments = words(ofGroupAt: next, in: tokens)
        return arguments.contains("unbounded")
            || (!arguments.contains("bufferingPolicy") && !arguments.contains("unfolding"))
    }

    /// Returns the tokens from an opening parenthesis to the matching closing one.
    private static func words(ofGroupAt open: Int, in tokens: [SwiftText.Token]) -> Set<String> {
        var depth = 0
        var found: Set<String> = []
        for token in tokens[open...] {
            if token.text == "(" { depth += 1 }
            if token.text == ")" { depth -= 1 }
            if depth == 0 { break }
            found.insert(token.text)
        }
        return found
    }

    private static func isProvedSafe(_ line: Int, in file: SourceFile) -> Bool {
        file.swift.comment(above: line).contains("Safe:") || file.swift.comments[line]?.contains("Safe:") == true
    }
}
