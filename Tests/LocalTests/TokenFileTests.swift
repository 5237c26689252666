import F2SModel
import Foundation
import Glibc
import Testing

@testable import F2SLocal

@Suite struct TokenFileTests {
    private static func token(_ number: Int, name: String? = nil) throws -> APIToken {
        try APIToken(
            id: "\(100_000_000_000 + number)", name: name ?? "token-\(number)", groups: ["team"],
            digest: [UInt8](repeating: 7, count: 32), created: 1000, expires: nil)
    }

    private func store(_ folder: TemporaryFolder, name: String = "tokens.json") -> TokenFile {
        let path = "\(folder.path)/\(name)"
        return TokenFile(path: { path }, logger: quiet)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `tokens are stored with mode 600, and another process reads them`() async throws {
        let folder = try TemporaryFolder()
        let store = store(folder)
        #expect(store.tokens.current == APITokenSet())
        for number in 1...3 { try await store.add(Self.token(number)) }
        try await store.remove(id: Self.token(2).id)
        #expect(store.tokens.current == APITokenSet([try Self.token(1), try Self.token(3)]))
        #expect(try mode("\(folder.path)/tokens.json") == 0o600)
        #expect(try folder.names == ["tokens.json"])
        let other = self.store(folder)
        #expect(other.tokens.current == store.tokens.current)
        try await other.remove(id: Self.token(1).id)
        store.lookIfChanged()
        #expect(store.tokens.current == APITokenSet([try Self.token(3)]))
    }

    @Test func `a change that is not allowed leaves the file as it is`() async throws {
        let folder = try TemporaryFolder()
        let store = store(folder)
        try await store.add(Self.token(1))
        let text = try folder.read("tokens.json")
        let twin = try Self.token(2, name: "token-1")
        await #expect(throws: APITokenStoreError.nameInUse("token-1")) { try await store.add(twin) }
        await #expect(throws: APITokenStoreError.notFound(id: "x")) { try await store.remove(id: "x") }
        #expect(try folder.read("tokens.json") == text)
    }

    @Test func `without a configured file nothing is stored, and the error names the setting`() async throws {
        let store = TokenFile(path: { nil }, logger: quiet)
        #expect(store.tokens.current == APITokenSet())
        let token = try Self.token(1)
        do {
            try await store.add(token)
            Issue.record("it was stored")
        } catch {
            #expect(error.problem.status == 409 && error.problem.detail.contains("f2s.auth.token.store_file"))
        }
    }

    @Test(arguments: [mode_t(0o644), 0o640, 0o604, 0o620, 0o666, 0o601])
    func `a file that other users may use is refused, and the earlier tokens stay`(mode: mode_t) async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/tokens.json"
        let store = store(folder)
        try await store.add(Self.token(1))
        let text = try folder.read("tokens.json")
        #expect(chmod(path, mode) == 0)
        store.lookIfChanged()
        #expect(store.tokens.current?.ids.count == 1)
        let token = try Self.token(2)
        do {
            try await store.add(token)
            Issue.record("it was written")
        } catch {
            #expect(error.problem.detail.contains("chmod 600"), "\(error)")
        }
        #expect(try folder.read("tokens.json") == text)
        #expect(self.store(folder).tokens.current == nil, "a new process has no good tokens")
        #expect(chmod(path, 0o600) == 0)
        try await store.add(token)
        #expect(store.tokens.current?.ids.count == 2)
    }

    @Test func `a symbolic link is refused, and what it names is neither read nor written`() async throws {
        let folder = try TemporaryFolder()
        try await self.store(folder, name: "other.json").add(Self.token(1))
        let text = try folder.read("other.json")
        #expect(symlink("\(folder.path)/other.json", "\(folder.path)/tokens.json") == 0)
        let store = store(folder)
        #expect(store.tokens.current == nil)
        let token = try Self.token(2)
        do {
            try await store.add(token)
            Issue.record("it was written")
        } catch {
            #expect(error.problem.detail.contains("symbolic link"), "\(error)")
        }
        #expect(try folder.read("other.json") == text)
    }

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"tokens": [{}]}"#, #"{"tokens": 7}"#,
        #"{"tokens": [{"id": "x", "name": "a", "groups": ["g"], "sha256": "", "created": "2026-01-01T00:00:00Z"}]}"#,
    ])
    func `a broken file keeps the last good tokens, and is not overwritten`(broken: String) async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/tokens.json"
        let store = store(folder)
        try await store.add(Self.token(1))
        let good = try folder.read("tokens.json")
        try Self.overwrite(path, with: broken)
        for _ in 0..<2 { store.lookIfChanged() }
        #expect(store.tokens.current?.ids.count == 1)
        let token = try Self.token(2)
        do {
            try await store.add(token)
            Issue.record("it was written")
        } catch {
            #expect(error.problem.status == 503 && error.problem.detail.contains("broken"), "\(error)")
        }
        #expect(try folder.read("tokens.json") == broken)
        try Self.overwrite(path, with: good)
        try await store.add(token)
        #expect(store.tokens.current?.ids.count == 2)
    }

    @Test func `a token that is removed by hand is gone, and so are all of them without the file`() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/tokens.json"
        let store = store(folder)
        try await store.add(Self.token(1))
        let one = try folder.read("tokens.json")
        try await store.add(Self.token(2))
        try Self.overwrite(path, with: one)
        store.lookIfChanged()
        #expect(store.tokens.current == APITokenSet([try Self.token(1)]))
        try folder.remove("tokens.json")
        store.lookIfChanged()
        #expect(store.tokens.current == APITokenSet())
    }

    @Test func `another path of the settings is read at the next look`() async throws {
        let folder = try TemporaryFolder()
        try await self.store(folder, name: "a.json").add(Self.token(1))
        try await self.store(folder, name: "b.json").add(Self.token(2))
        let path = Latest<String?>("\(folder.path)/a.json")
        let store = TokenFile(path: { path.current }, logger: quiet)
        #expect(store.tokens.current?.ids == [try Self.token(1).id])
        path.publish("\(folder.path)/b.json")
        store.lookIfChanged()
        #expect(store.tokens.current?.ids == [try Self.token(2).id])
        path.publish(nil)
        store.lookIfChanged()
        #expect(store.tokens.current == APITokenSet())
    }

    @Test func `changes at the same time are all stored`() async throws {
        let folder = try TemporaryFolder()
        let store = store(folder)
        let tokens = try (1...20).map { try Self.token($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for token in tokens { group.addTask { try await store.add(token) } }
            try await group.waitForAll()
        }
        #expect(self.store(folder).tokens.current == APITokenSet(tokens))
    }

    @Test func `while another process changes the file, a change is rejected`() async throws {
        let folder = try TemporaryFolder()
        let store = store(folder)
        let handle = open(folder.path, O_RDONLY | O_DIRECTORY)
        defer { close(handle) }
        #expect(flock(handle, LOCK_EX | LOCK_NB) == 0)
        let token = try Self.token(1)
        await #expect(throws: APITokenStoreError.self) { try await store.add(token) }
        #expect(flock(handle, LOCK_UN) == 0)
        try await store.add(token)
    }

    /// Writes a file in place, as some editors do, and keeps its mode.
    private static func overwrite(_ path: String, with text: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }
}
