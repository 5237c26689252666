public import F2SModel

/// Everything about one function, for people: `f2s describe`.
public struct FunctionDescription: Sendable {
    private let function: FunctionRecord
    private let server: ServerAddress
    private let diagnosis: FunctionDiagnosis?
    private let events: [Event]

    /// Events that are shown.
    static let eventsMax = 10

    /// A description; the parts that are missing are left out.
    public init(function: FunctionRecord, server: ServerAddress, diagnosis: FunctionDiagnosis?, events: [Event]) {
        self.function = function
        self.server = server
        self.diagnosis = diagnosis
        self.events = events
    }

    /// The lines with their ends.
    /// - Parameter now: seconds since 1970, for ages.
    public func text(now: Double, layout: TextLayout = .plain) -> String {
        // Messages are what a reader of a description looks for, so nothing is cut.
        let layout = TextLayout(width: nil, isColoured: layout.isColoured)
        return facts(identity) + facts(target, under: "Target") + facts(scale, under: "Replicas")
            + replicas(now: now, layout) + conditions(now: now, layout) + trouble + recentEvents(now: now, layout)
    }

    private typealias Facts = [(name: String, value: String?)]

    private var identity: Facts {
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

    private var target: Facts {
        let target = function.target
        let variables = target.env?.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return [
            ("Image", target.containerImage),
            ("Command", target.command?.joined(separator: " ")),
            ("Port", target.port.map { "\($0)" }),
            ("Path", target.endpoint),
            ("Replicas", "\(target.minReplicas ?? 0) to \(target.maxReplicas ?? Target.maxReplicasDefault)"),
            ("Concurrency", target.concurrency.map { "\($0) per replica" } ?? "no limit"),
            ("Timeout", target.timeout),
            ("Start", target.startTimeout.map { "within \($0)" }),
            ("Drain", target.drainTimeout),
            ("Environment", variables?.joined(separator: ", ")),
            ("Secrets", target.secrets?.joined(separator: ", ")),
            ("CPU", target.resources?.cpu),
            ("Memory", target.resources?.memory),
            (
                "Readiness",
                target.readinessProbe.map { probe in
                    "GET \(probe.path)" + (probe.timeout.map { ", within \($0)" } ?? "")
                }
            ),
            ("Watch", target.watch == true ? "changed files roll it" : nil),
            ("Aim", target.scaling?.targetConcurrency.map { "\($0) invocations per replica" }),
            ("Idle", target.scaling?.idle),
            ("Window", target.scaling?.window),
            ("At once", target.limits?.inFlight.map { "\($0) in all" }),
            ("May wait", target.limits?.queued.map { "\($0)" }),
            ("Rate", target.limits?.rate.map { "\($0) per second and caller" }),
            ("Burst", target.limits?.burst.map { "\($0)" }),
        ]
    }

    private var scale: Facts {
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
            let isTrouble = ConditionRecord.isTrouble(condition.type, isTrue: condition.isTrue)
            table.add(cells: [
                .init(condition.type), .init(condition.status, isTrouble ? .bad : .good), .init(condition.reason),
                .init(AgeText.text(since: condition.lastTransitionTime, now: now)), .init(condition.message),
            ])
        }
        return table.isEmpty ? "" : "Conditions:\n" + table.text(layout).indented
    }

    private var trouble: String {
        guard let trouble = diagnosis?.trouble else { return "" }
        let lines = trouble.logTail.map { "| \(TerminalEscaper.escaped($0))\n" }.joined()
        return facts(
            [
                ("Stage", trouble.stage.rawValue),
                ("Reason", trouble.reason),
                ("Message", trouble.message),
                ("Exit status", trouble.exitStatus.map { "\($0)" }),
                ("Attempts", "\(trouble.attempts)"),
            ], under: "Trouble") + lines.indented
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

    private func facts(_ facts: Facts, under title: String? = nil) -> String {
        let known = facts.compactMap { fact in
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
    /// Every line two spaces further right.
    fileprivate var indented: String {
        split(separator: "\n", omittingEmptySubsequences: true).map { "  \($0)\n" }.joined()
    }
}
