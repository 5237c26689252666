import CRuntimes
import F2SModel

/// The files of a function from source text (`target.source`): a ConfigMap, which its pods mount as a folder that they
/// can only read.
struct FunctionSource {
    private let source: SourceCode

    /// The folder of the files in the container.
    static let folder = "/f2s"
    private static let volumeName = "f2s-source"
    /// The user and group of processes in stock images, which run as root otherwise. It is the user without rights of
    /// most distributions.
    private static let user: Int64 = 65_534

    init(_ source: SourceCode) { self.source = source }

    /// Returns the name of the ConfigMap. Another text of a file gives another name, so that the pods of two revisions
    /// have their own files.
    func name(of function: FunctionName) -> String { "f2s-source-\(function)-\(source.digest)" }

    /// The members `data` of the ConfigMap.
    var data: JSONValue {
        var texts = source.files.mapValues { JSONValue.string($0) }
        if let path = source.programPath { texts[path] = .string(program) }
        return .object(texts.reduce(into: [:]) { data, file in data[Self.key(of: file.key)] = file.value })
    }

    /// Returns the volume of the pod.
    func volume(of function: FunctionName) -> JSONValue {
        let paths = (source.files.keys + [source.programPath].compactMap(\.self)).sorted()
        return [
            "name": .string(Self.volumeName),
            "configMap": [
                "name": .string(name(of: function)),
                "items": .array(paths.map { ["key": .string(Self.key(of: $0)), "path": .string($0)] }),
            ],
        ]
    }

    /// The mount of the container.
    static var mount: JSONValue {
        ["name": .string(volumeName), "mountPath": .string(folder), "readOnly": true]
    }

    /// The security context of the pod, as the restricted Pod Security Standard requires.
    static var podSecurity: JSONValue {
        [
            "seccompProfile": ["type": "RuntimeDefault"], "runAsNonRoot": true, "runAsUser": .integer(user),
            "runAsGroup": .integer(user),
        ]
    }

    /// The security context of the container.
    static var containerSecurity: JSONValue {
        ["allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]]]
    }

    /// Returns the key of a file. Keys have no slashes, and names of files have no two dots in sequence.
    private static func key(of path: String) -> String {
        path.split(separator: "/").joined(separator: "..")
    }

    private var program: String {
        var count = 0
        guard let name = source.embeddedProgram, let text = f2s_runtime(name, &count) else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: text, count: count), as: UTF8.self)
    }
}
