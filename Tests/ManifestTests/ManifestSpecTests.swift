import F2SManifest
import F2SModel
import Testing

/// `spec.access` and `spec.cors`.
@Suite struct ManifestSpecTests {
    private func manifest(_ spec: String) -> String {
        """
        apiVersion: f2s.opensight.ch/v1alpha1
        kind: Function
        metadata: {name: hello}
        spec: {endpoint: /hello, \(spec)}
        target: {containerImage: hello:1}
        """
    }

    private static func cors(
        _ origins: [String], _ methods: [Function.Method] = [], _ headers: [String] = [], credentials: Bool = false
    ) -> Function.CORS {
        var cors = Function.CORS(origins: origins)
        cors.methods = methods
        cors.headers = headers
        cors.allowsCredentials = credentials
        return cors
    }

    @Test(
        arguments: [
            ("access: public", Function.Access.everybody, nil), ("access: authenticated", .authenticated, nil),
            ("access: {groups: [a, b]}", .groups(["a", "b"]), nil), ("cors: {origins: ['*']}", nil, cors(["*"])),
            (
                "cors: {origins: [https://a.example, 'http://127.0.0.1:8000'], methods: [get, PUT], headers: [X-A], "
                    + "credentials: true}", nil,
                cors(["https://a.example", "http://127.0.0.1:8000"], [.get, .put], ["X-A"], credentials: true)
            ),
            (
                "cors: {origins: ['app://localhost', 'http://[::1]:81'], credentials: false}", nil,
                cors(["app://localhost", "http://[::1]:81"])
            ),
        ] as [(String, Function.Access?, Function.CORS?)])
    func `a value is read, and written as it is read`(
        spec: String, access: Function.Access?, cors: Function.CORS?
    ) throws {
        let draft = try #require(
            ManifestReader().read(Array(manifest(spec).utf8), location: "a").documents.first?.draft)
        #expect(draft.access == access && draft.cors == cors)
        for text in [ManifestWriter().yaml(draft), ManifestWriter().json(draft)] {
            #expect(ManifestReader().read(Array(text.utf8), location: "a").documents.first?.draft == draft)
        }
    }

    @Test(arguments: [
        ("access: everybody", "be public, authenticated, or groups"),
        ("access: {groups: []}", "contain 1 to 64 groups"),
        ("cors: true", "spec.cors"), ("cors: {}", "list the origins"),
        ("cors: {origins: []}", "contain 1 to 64 values"),
        ("cors: {origins: [example.org]}", "be an origin as browsers send it"),
        ("cors: {origins: ['https://example.org/']}", "be an origin as browsers send it"),
        ("cors: {origins: ['https://Example.org']}", "be an origin as browsers send it"),
        ("cors: {origins: ['https://*.example.org']}", "be an origin as browsers send it"),
        ("cors: {origins: ['*', 'https://a.example']}", "be an origin as browsers send it"),
        ("cors: {origins: ['null']}", "be an origin as browsers send it"),
        ("cors: {origins: [\"https://a\\r\\nX: y\"]}", "be an origin as browsers send it"),
        ("cors: {origins: ['*'], credentials: true}", "be false if origins is *"),
        ("cors: {origins: ['*'], methods: [FETCH]}", "spec.cors.methods[0]"),
        ("cors: {origins: ['*'], headers: ['a b']}", "be the name of a header field"),
        ("cors: {origins: ['*'], headers: ['*']}", "leave out headers for all fields"),
        ("cors: {origins: ['https://a.example:443']}", "as browsers send it"),
        ("cors: {origins: ['http://a.example:80']}", "as browsers send it"),
        ("cors: {origins: ['*'], methods: [GET, GET, GET, GET, GET, GET, GET, GET, GET]}", "contain 0 to 8 values"),
        ("cors: {origins: ['*'], header: [a]}", "did you mean"), ("cors: {origin: '*'}", "did you mean"),
    ])
    func `a wrong value has an error that says what to do`(spec: String, message: String) {
        let reading = ManifestReader().read(Array(manifest(spec).utf8), location: "a")
        #expect(reading.documents.isEmpty)
        #expect(reading.rejections.contains { $0.message.contains(message) }, "\(reading.rejections)")
    }
}
