import Testing

@Suite struct SwiftTextTests {
    private func words(_ text: String) -> [String] { SwiftText(text).tokens.map(\.text) }

    @Test(arguments: [
        ("let a = \"try! b\"", ["let", "a", "=", "\""]),
        ("// try! b\nc", ["c"]),
        ("/* a /* b */ c */ d", ["d"]),
        ("#\"a\"b\"# c", ["\"", "c"]),
        ("\"\"\"\n try! \" x\n\"\"\"; d", ["\"", ";", "d"]),
        (#""a\"b" c"#, ["\"", "c"]),
        (##"#/a"b{/# c"##, ["/", "c"]),
        ("func `it isn't a { brace`() {}", ["func", "`it isn't a { brace`", "(", ")", "{", "}"]),
        ("\"unclosed\nnext", ["\"", "next"]),
        ("@Test #if x1", ["@Test", "#if", "x1"]),
    ])
    func `comments and literals are not code`(text: String, expected: [String]) {
        #expect(words(text) == expected)
    }

    @Test func `an interpolation is code, and the text after it is literal again`() {
        #expect(words(#""a\(b! + "}\(c)")d!" e"#) == ["\"", "(", "b", "!", "+", "\"", "(", "c", ")", ")", "e"])
        #expect(words(##"#"a\(b)\#(c)"#"##) == ["\"", "(", "c", ")"])
    }

    @Test func `line numbers include lines within literals and comments`() {
        let text = SwiftText("/*\n\n*/ a\n\"\"\"\n\n\"\"\"\nb")
        #expect(text.tokens.map(\.line) == [3, 4, 7])
    }

    @Test func `the comment above a line includes all its lines, and an empty line separates it`() {
        let text = SwiftText("// one\n// two\na\n\nb")
        #expect(text.comment(above: 3) == "// one\n// two")
        #expect(text.comment(above: 5).isEmpty)
    }
}

@Suite struct DeclarationWalkerTests {
    private func declarations(_ text: String) -> [Declaration] { DeclarationWalker(SwiftText(text)).declarations }

    @Test func `a declaration includes its attributes and modifiers`() {
        let found = declarations(
            "@available(*, deprecated)\n@inlinable\npublic static func a(\n    b: Int = { 1 }()\n) {\n}")
        #expect(
            found == [
                Declaration(keyword: "func", name: "a", firstLine: 1, line: 3, isPublic: true, lastLine: 6)
            ])
    }

    @Test func `requirements of a public protocol and cases of a public enum are public`() {
        let found = declarations(
            "public protocol P { func a() -> Int; var b: Int { get } }\n"
                + "public enum E { case c, d; func e() { switch 1 { case 1: break } } }"
        )
        #expect(
            found.map { "\($0.keyword) \($0.name) \($0.isPublic)" } == [
                "protocol P true", "func a true", "var b true", "enum E true", "case c true", "func e false",
            ])
    }

    @Test(
        arguments: [
            ("func a() -> Int {\n}", [2]),
            ("struct S { init() {\n} }", [2]),
            ("struct S { static func == (l: S, r: S) -> Bool {\n} }", [2]),
            ("extension Array where Element == Int { func a() {\n} }", [2]),
            ("var a: Int {\n}", [2]),
            // The braces of a value, a closure, a call of `init` and a condition do not open a body.
            ("var a = b {\n}", []),
            ("let c = A.init {\n}", []),
            ("protocol P { func a() }", []),
            ("if var b {\n}", []),
        ] as [(String, [Int])])
    func `a function ends at the end of its body`(text: String, lastLines: [Int]) {
        #expect(declarations(text).filter(\.isFunction).compactMap(\.lastLine) == lastLines)
    }
}
