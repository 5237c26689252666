import F2SModel
import Testing

/// The expansion of a command's elements, and the advice on elements that look wrong.
@Suite struct CommandTests {
    /// The cases of Kubernetes' own documentation and of its expansion tests.
    @Test(arguments: [
        ("$(PORT)", "8080"), ("--port=$(PORT)", "--port=8080"), ("$(PORT)$(NAME)", "8080x y"), ("$(NONE)", "$(NONE)"),
        ("$$(PORT)", "$(PORT)"), ("$$$(PORT)", "$8080"), ("$$$$", "$$"), ("$PORT", "$PORT"), ("${PORT}", "${PORT}"),
        ("$(PORT", "$(PORT"), ("$", "$"), ("a$", "a$"), ("$()", "$()"), ("$( PORT)", "$( PORT)"), ("", ""),
        ("$(SELF)", "$(SELF)"), ("é$(PORT)é", "é8080é"),
    ])
    func `a reference is expanded as in Kubernetes`(text: String, expected: String) {
        let variables = ["PORT": "8080", "NAME": "x y", "SELF": "$(SELF)"]
        #expect(text.expandingVariables(variables) == expected)
    }

    @Test func `a variable may refer only to variables before it in the order of names`() {
        let expanded = ["A": "1", "B": "$(A)2", "C": "$(B)$(D)", "D": "$$(A)", "Z": "$(PORT)"].expandingVariables
        #expect(expanded == ["A": "1", "B": "12", "C": "12$(D)", "D": "$(A)", "Z": "$(PORT)"])
    }

    @Test(
        arguments: [
            (["python3 hello.py"], "[python3, hello.py]"),
            (["python3 -m http.server", "80"], "[python3, -m, http.server, 80]"),
            (["./run.sh --port 80"], "[./run.sh, --port, 80]"),
            (["cat x | tr a b"], "[sh, -c, 'cat x | tr a b']"),
            (["server --port $PORT"], "[sh, -c, 'server --port $PORT']"),
            (["cat", "x", "|", "tr", "a", "b"], "[sh, -c, 'cat x | tr a b']"),
            (["f2s", "wrap", "--", "date", ">>", "log"], "`>>` is an argument of `f2s`"),
            (["server", "--port", "$PORT"], "Write `$(PORT)`"),
            (["server", "--bind=:${PORT}"], "Write `--bind=:$(PORT)`"),
            (["echo", "$GREETING!"], "Write `$(GREETING)!`"), (["~/bin/server"], "Write the whole path"),
        ] as [([String], String)])
    func `the advice on a command that needs a shell contains the right form`(command: [String], form: String) throws {
        let advice = try #require(CommandAdvice.advice(on: command, variables: ["GREETING"]))
        #expect(advice.contains(form), "\(advice)")
    }

    @Test(arguments: [
        ["python3", "hello.py"], ["sh", "-c", "server --port $PORT | tee log"], ["/bin/bash", "-c", "exec x $PORT"],
        ["f2s", "wrap", "--", "sh", "-c", "date; cat"], ["env", "A=1", "sh", "-c", "x | y"], ["server", "$(PORT)"],
        ["server", "$PORTAL"], ["server", "$OTHER"], ["perl", "-e", "my $PORT = 1; print $PORT"], ["/opt/My App/run"],
        ["awk", "{print $1}"], [],
    ])
    func `a command that needs no shell gets no advice`(command: [String]) {
        #expect(CommandAdvice.advice(on: command, variables: ["GREETING"]) == nil)
    }
}
