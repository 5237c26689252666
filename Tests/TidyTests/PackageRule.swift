/// Checks that Package.swift agrees with the table of modules and that every test folder corresponds to a module.
enum PackageRule {
    /// A target that the manifest declares.
    struct Target: Equatable {
        let name: String
        let path: String
        let dependencies: [String]
        let line: Int
    }

    static func findings(_ repository: Repository) -> [Finding] { manifest(repository) + testFolders(repository) }

    static func manifest(_ repository: Repository) -> [Finding] {
        guard let file = repository.file("Package.swift") else {
            return [Finding(path: "Package.swift", line: 1, message: "the manifest is missing")]
        }
        var found: [Finding] = []
        for target in targets(of: file) {
            guard let module = Module.all.first(where: { "Sources/\($0.folder)" == target.path }) else {
                found.append(
                    file.finding(
                        target.line, "\(target.path) is not a module: add it to Tests/TidyTests/Modules.swift first"))
                continue
            }
            if target.name != module.module {
                found.append(file.finding(target.line, "the target of \(target.path) must be named \(module.module)"))
            }
            for dependency in target.dependencies where !module.allowedModules.contains(dependency) {
                found.append(
                    file.finding(
                        target.line,
                        "\(target.name) may not depend on \(dependency): remove it, or change the table of modules "
                            + "with a page of docs/decisions"))
            }
        }
        let declared = Set(targets(of: file).map(\.path))
        for folder in Set(repository.files(under: "Sources").compactMap { Module.holding($0.path)?.folder }).sorted()
        where !declared.contains("Sources/\(folder)") {
            found.append(file.finding(1, "Sources/\(folder) has files but no target: declare it with module(…)"))
        }
        return found
    }

    static func testFolders(_ repository: Repository) -> [Finding] {
        let mirrors = Set(Module.all.map { "\($0.name)Tests" } + Module.testTargets)
        return repository.files(under: "Tests").filter { !mirrors.contains(String($0.components[1])) }.map {
            $0.finding(
                1,
                "Tests/\($0.components[1]) does not match a module: name it after the module it tests, plus Tests")
        }
    }

    /// Returns the targets of the modules and of the executable. It reads the manifest as text, because SwiftPM would
    /// wait for the build that runs these tests.
    static func targets(of file: SourceFile) -> [Target] {
        var products: [String: String] = [:]
        for match in file.text.matches(of: #/let (\w+) = Target\.Dependency\.product\(name: "(\w+)"/#) {
            products[String(match.1)] = String(match.2)
        }
        let modules = file.text.matches(of: #/module\(\s*"(\w+)",\s*"([\w/]+)",\s*\[([^\]]*)\]/#).map {
            target($0.range.lowerBound, name: $0.1, path: "Sources/\($0.2)", list: $0.3, products: products, in: file)
        }
        let executables = file.text.matches(
            of: #/executableTarget\(\s*name: "(\w+)",\s*dependencies: \[([^\]]*)\],\s*path: "([\w/]+)"/#
        ).map {
            target($0.range.lowerBound, name: $0.1, path: "\($0.3)", list: $0.2, products: products, in: file)
        }
        return modules + executables
    }

    private static func target(
        _ start: String.Index, name: Substring, path: String, list: Substring, products: [String: String],
        in file: SourceFile
    ) -> Target {
        let dependencies = list.matches(of: #/"(\w+)"|(\w+)/#).map { match in
            match.1.map(String.init) ?? match.2.map { products[String($0)] ?? String($0) } ?? ""
        }
        let line = file.text[..<start].count { $0 == "\n" } + 1
        return Target(name: String(name), path: path, dependencies: dependencies, line: line)
    }
}
