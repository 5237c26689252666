import F2SModel
import F2SSystem
import FoundationEssentials
import Logging
import NIOHTTP1
import Synchronization

/// The histories of functions on Kubernetes: in memory since the start of this process. The last good declaration that
/// is not the current one is also in an annotation of the resource, so that it can be restored after a restart of F2S.
///
/// The size of annotations is limited, so the annotation has one declaration of at most ``declarationBytesMax``. The
/// leader writes it.
final class StoredHistories: DeclarationArchive {
    /// The annotation with the last good declaration.
    static let annotation = "f2s.opensight.ch/last-good"
    /// The largest manifest in the annotation, in bytes. All annotations of an object have 256 KiB together, and
    /// `kubectl apply` adds another copy of the declaration.
    static let declarationBytesMax = 64 * 1024

    private static let triesMax = 5

    private let client: KubernetesClient
    private let namespace: String
    private let isLeader: @Sendable () -> Bool
    private let logger: Logger
    private let memory = Mutex(HistoryCollection())

    init(
        client: KubernetesClient, namespace: String, isLeader: @escaping @Sendable () -> Bool, logger: Logger
    ) {
        self.client = client
        self.namespace = namespace
        self.isLeader = isLeader
        self.logger = logger
    }

    func currentHistory(of id: Function.ID) -> FunctionHistory { memory.withLock { $0[id] } }

    func fetchHistory(of function: Function) async throws -> (history: FunctionHistory, edit: Function.Edit?) {
        let path = ResourceType.functions.path(namespace: namespace, name: function.name.text)
        let object: JSONValue
        do throws(KubernetesError) {
            // Unlike other reads, this one needs the managers of fields.
            object = try await client.call(KubernetesRequest(.GET, path), priority: .activation) {
                (data) throws(KubernetesError) in try ResponseDecoder.value(data)
            }
        } catch {
            throw StoreError.unavailable("The history of \(function.name) cannot be read: \(error)")
        }
        let known = currentHistory(of: function.id)
        let isSame = object["metadata"]?["uid"]?.text == function.id.text
        guard isSame else { return (known, nil) }
        let history = known.records.isEmpty ? FunctionHistory(Self.lastGood(of: object).map { [$0] } ?? []) : known
        let isCurrent = object["metadata"]?["generation"]?.integerValue == function.generation
        return (history, isCurrent ? ResourceEdit.last(of: object, by: client.options.fieldManager) : nil)
    }

    func keep(_ history: FunctionHistory, of function: Function) async {
        memory.withLock { $0[function.id] = history }
        guard isLeader(), let good = history.lastGood, good.generation != function.generation else { return }
        do {
            try await store(good, of: function)
        } catch {
            logger.debug(
                "The last good declaration of a function cannot be stored.",
                metadata: ["function": "\(function.name)", "error": "\(error)"])
        }
    }

    func forget(_ function: Function) { memory.withLock { $0[function.id] = FunctionHistory() } }

    private func store(_ good: DeclarationRecord, of function: Function) async throws {
        let text = good.manifest.utf8.count <= Self.declarationBytesMax ? try Self.text(of: good) : nil
        for attempt in 1...Self.triesMax {
            var object: JSONValue = try await client.get(.functions, namespace, function.name.text)
            var annotations = object["metadata"]?["annotations"] ?? [:]
            guard object["metadata"]?["uid"]?.text == function.id.text, annotations[Self.annotation]?.text != text
            else { return }
            // An older declaration would pretend to be the last good one.
            annotations[Self.annotation] = text.map { .string($0) }
            object["metadata"]?["annotations"] = annotations
            do throws(KubernetesError) {
                _ = try await client.replace(.functions, namespace, function.name.text, object)
                return
            } catch {
                // A status was written in between.
                guard error.isConflict, attempt < Self.triesMax else { throw error }
            }
        }
    }

    private static func text(of record: DeclarationRecord) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(record), as: UTF8.self)
    }

    private static func lastGood(of object: JSONValue) -> DeclarationRecord? {
        guard let text = object["metadata"]?["annotations"]?[annotation]?.text else { return nil }
        return try? JSONDecoder().decode(DeclarationRecord.self, from: Data(text.utf8))
    }
}
