import F2SModel
import Testing

@testable import F2SConfig

@Suite struct SettingsReferencesTests {
    private func read(_ text: String, _ environment: [String: String] = [:]) throws -> Settings {
        try SettingsReader().read(Array(text.utf8), environment: environment)
    }

    private func auth(_ password: String) -> String {
        "f2s: {auth: {types: [basic], basic: [{username: ann, password: \(password)}], "
            + "authorization: [{group: a, privileges: []}]}}"
    }

    @Test(arguments: ["secret", "a b", "123", "true", "null", "~", "", "${env:B}", "{file: /etc/hostname}"])
    func `a variable is the value itself`(value: String) throws {
        let text = auth("'${env:PASSWORD}'")
        if value.isEmpty {
            let error = #expect(throws: SettingsError.self) { try read(text, ["PASSWORD": value]) }
            #expect(error?.description.contains("must be a text that is not empty") == true)
        } else {
            #expect(try read(text, ["PASSWORD": value, "B": "no"]).auth.users[0].password == Secret(value))
        }
    }

    @Test func `numbers and flags may be variables`() throws {
        let settings = try read(
            "{debug: '${env:DEBUG}', f2s: {loops: '${env:LOOPS}'}}", ["DEBUG": "true", "LOOPS": "2"])
        #expect(settings.debug && settings.loops == 2)
    }

    @Test(arguments: ["env:A", "$env:A", "${A}", "$(A)"])
    func `other texts are themselves`(text: String) throws {
        #expect(try read(auth("'\(text)'"), ["A": "no"]).auth.users[0].password == Secret(text))
    }

    @Test(arguments: [
        ("'${env:MISSING}'", "refer to a variable that is set: F2S has no variable MISSING"),
        ("'${env:}'", "refer to a variable that is set"), ("'x${env:A}'", "without further text"),
        ("'${env:A'", "without further text"), ("'${env:A}${env:B}'", "without further text"),
        ("{file: /no/such/file}", "No such file"),
        ("{file: secret}", "from the root folder on"), ("{file: /}", "Is a directory"),
        ("{file: /dev/zero}", "it has over 65536 bytes"), ("{file: [a]}", "must be a text"),
        ("{file: /a, other: b}", "must be a text"),
    ])
    func `a reference without a value is an error that names it`(password: String, message: String) {
        let error = #expect(throws: SettingsError.self) { try read(auth(password)) }
        #expect(error.map { $0.description.contains(message) } == true, "\(String(describing: error))")
    }

    @Test func `a variable that overrides a key may refer to another one`() throws {
        let text = "f2s: {auth: {types: [token], authorization: [{group: a, privileges: []}]}}"
        let variables = ["F2S_AUTH_TOKEN_JWT_SECRET": "${env:KEY}", "KEY": "the key itself"]
        #expect(try read(text, variables).auth.token.key == Secret("the key itself"))
    }

    @Test func `a value that is wrong is not repeated where it may be a secret`() {
        let text = "f2s: {auth: {types: [basic], basic: ['${env:PASSWORD}']}}"
        let error = #expect(throws: SettingsError.self) { try read(text, ["PASSWORD": "hidden"]) }
        #expect(error.map { $0.description.contains("hidden") } == false)
        for text in ["f2s: {loops: '${env:PASSWORD}'}", "f2s: {auth: {oidc: [{issuer: '${env:PASSWORD}'}]}}"] {
            let error = #expect(throws: SettingsError.self) { try read(text, ["PASSWORD": "hidden"]) }
            #expect(error.map { $0.description.contains("hidden") } == false)
        }
        let variable = ["F2S_AUTH_OIDC": "[{client_secret: hidden}]"]
        let list = #expect(throws: SettingsError.self) { try read("", variable) }
        #expect(list.map { $0.description.contains("hidden") } == false)
    }
}
