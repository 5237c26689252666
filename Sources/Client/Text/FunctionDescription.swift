public import F2SModel

/// The description of one function as text for people: `f2s describe`.
public struct FunctionDescription: Sendable {
    private let function: FunctionRecord
    private let server: ServerAddress
    private let diagnosis: FunctionDiagnosis?
    private let events: [Event]

    /// The maximum number of events that are shown.
    static let eventsMax = 10

    /// Creates a description. Missing parts are left out.
    public init(function: FunctionRecord, server: ServerAddress, diagnosis: FunctionDiagnosis?, events: [Event]) {
        self.function = function
        self.server = server
        self.diagnosis = diagnosis
        self.events = events
    }

    /// Returns the lines, each with its line end.
    /// - Parameter now: The current time in seconds since 1970, for the ages.
    public func text(now: Double, layout: TextLayout = .plain) -> String {
        // A reader of a description needs the full messages, so no column is cut.
        let layout = TextLayout(width: nil, isColoured: layout.isColoured)
        return fields(identity) + fields(function.target.descriptionFields, under: "Target")
            + fields(scale, under: "Replicas") + replicas(now: now, layout) + conditions(now: now, layout)
            + startFailure + recentEvents(now: now, layout)
    }

    private typealias Fields = [(name: String, value: String?)]

    private var identity: Fields {
        let observed = function.status?.observedGeneration.map { " (observed \($0))" } ?? ""
        return [
            ("Name", function.name),
            ("Namespace", function.metadata.namespace),
            ("Description", function.spec.description),
            ("Endpoint", function.spec.endpoint),
            ("Method", function.spec.method ?? "any"),
            ("URL", "\(server)\(Invocation.path(of: function, rest: ""))"),
            ("Generation", function.metadata.generation.map { "\($0)\(observed)" }),
        ]
    }

    private var scale: Fields {
        let status = function.status
        return [
            ("Ready", status?.readyReplicas.map { "\($0)" }),
            ("Running", status?.replicas.map { "\($0)" }),
            ("Desired", status?.desiredReplicas.map { "\($0)" }),
            ("Reason", diagnosis?.scale.map { "\($0.reason): \($0.message)" }),
            ("In flight", diagnosis?.load.map { "\($0.inFlight)" }),
            ("Waiting", diagnosis?.load.map { "\($0.queued)" }),
        ]
    }

    private func replicas(now: Double, _ layout: TextLayout) -> String {
        var table = TextTable(["REPLICA", "STATE", "ADDRESS", "PROCESS", "REVISION", "IN FLIGHT", "AGE"])
        for replica in diagnosis?.replicas ?? [] {
            table.add([
                replica.id, replica.state.rawValue, replica.address ?? "", replica.processID.map { "\($0)" } ?? "",
                replica.revision + (replica.isCurrent ? "" : " (old)"), "\(replica.inFlight)",
                AgeText.text(seconds: now - replica.since),
            ])
        }
        return table.isEmpty ? "" : table.text(layout).indented
    }

    private func conditions(now: Double, _ layout: TextLayout) -> String {
        var table = TextTable(["TYPE", "STATUS", "REASON", "AGE", "MESSAGE"])
        for condition in function.status?.conditions ?? [] {
            let isFailure = ConditionRecord.isFailure(condition.type, isTrue: condition.isTrue)
            table.add(cells: [
                .init(condition.type), .init(condition.status, isFailure ? .bad : .good), .init(condition.reason),
                .init(AgeText.text(since: condition.lastTransitionTime, now: now)), .init(condition.message),
            ])
        }
        return table.isEmpty ? "" : "Conditions:\n" + table.text(layout).indented
    }

    private var startFailure: String {
        guard let startFailure = diagnosis?.startFailure else { return "" }
        let lines = startFailure.logTail.map { "| \(TerminalEscaper.escaped($0))\n" }.joined()
        return fields(
            [
                ("Stage", startFailure.stage.rawValue),
                ("Reason", startFailure.reason),
                ("Message", startFailure.message),
                ("Exit status", startFailure.exitStatus.map { "\($0)" }),
                ("Attempts", "\(startFailure.attempts)"),
            ], under: "Start failure") + lines.indented
    }

    private func recentEvents(now: Double, _ layout: TextLayout) -> String {
        var table = TextTable(["AGE", "KIND", "REASON", "MESSAGE"])
        for event in events.suffix(Self.eventsMax) {
            table.add(cells: [
                .init(AgeText.text(seconds: now - event.time)),
                .init(event.isWarning ? "Warning" : "Normal", event.isWarning ? .warning : .plain),
                .init(event.reason), .init(event.message),
            ])
        }
        return table.isEmpty ? "" : "Events:\n" + table.text(layout).indented
    }

    private func fields(_ fields: Fields, under title: String? = nil) -> String {
        let known = fields.compactMap { fact in
            fact.value.flatMap { $0.isEmpty ? nil : (name: fact.name + ":", value: $0.oneLine) }
        }
        let width = (known.map(\.name.count).max() ?? 0) + 2
        let lines = known.map { fact in
            fact.name + String(repeating: " ", count: width - fact.name.count) + fact.value + "\n"
        }.joined()
        guard let title else { return lines }
        return lines.isEmpty ? "" : "\(title):\n" + lines.indented
    }
}

extension String {
    /// The text with every line indented by two spaces.
    fileprivate var indented: String {
        split(separator: "\n", omittingEmptySubsequences: true).map { "  \($0)\n" }.joined()
    }
}
