import F2SMetrics
import F2SModel

extension OpenAPISchemas {
    private static let text: JSON = ["type": "string"]
    private static let count: JSON = ["type": "integer", "minimum": 0]
    private static let real: JSON = ["type": "number"]

    private static func object(_ members: [String: JSON], optional: [String: JSON] = [:]) -> JSON {
        [
            "type": "object", "properties": .object(members.merging(optional) { member, _ in member }),
            "required": .array(members.keys.sorted().map { .string($0) }),
        ]
    }

    private static func list(_ items: JSON) -> JSON { ["type": "array", "items": items] }

    private static func words<Word: CaseIterable & RawRepresentable<String>>(_ type: Word.Type) -> JSON {
        ["enum": .array(type.allCases.map { .string($0.rawValue) })]
    }

    private static func series(_ type: String, _ description: String) -> JSON {
        [
            "type": "array", "items": ["type": [.string(type), "null"]], "maxItems": .number(TimeSeriesStore.stepsMax),
            "description": .string(description),
        ]
    }

    /// The schemas of the overview and of the charts by name.
    static let overview: [String: JSON] = [
        "OverviewRow": object([
            "name": OperationDocument.schema("Name"), "endpoint": text, "method": ["type": ["string", "null"]],
            "kind": words(OverviewRow.Kind.self), "state": words(FunctionHealth.State.self), "reason": text,
            "message": text, "ready": count, "starting": count, "desired": count, "maxReplicas": count,
            "rate": [
                "type": "number", "description": "Invocations per second, on average over the last minute.",
            ],
            "rates": [
                "type": "array", "items": real, "minItems": .number(FunctionTraffic.steps),
                "maxItems": .number(FunctionTraffic.steps),
                "description": "Invocations per second in the last steps of 10 s, oldest first.",
            ],
            "p95Seconds": [
                "type": ["number", "null"],
                "description": "The duration that 95 % of the responses of the last 5 minutes did not exceed.",
            ],
            "coldStartSeconds": [
                "type": ["number", "null"], "description": "The newest known wait for a first replica.",
            ],
        ]),
        "OverviewCounts": object(["attention": count, "starting": count, "ready": count, "idle": count]),
        "Overview": object([
            "total": count, "matching": count, "offset": count,
            "counts": OperationDocument.schema("OverviewCounts"),
            "items": list(OperationDocument.schema("OverviewRow")),
            "rejections": [
                "type": "array", "maxItems": .number(OverviewIndex.rejectionsMax),
                "items": ["type": "object", "properties": ["location": text, "line": count, "message": text]],
            ],
        ]),
        "OverviewChanges": object([
            "items": list(OperationDocument.schema("OverviewRow")), "removed": list(text), "total": count,
            "counts": OperationDocument.schema("OverviewCounts"),
        ]),
        "Charts": object(
            [
                "stepSeconds": count, "end": ["type": "string", "format": "date-time"],
                "source": words(ChartsView.Source.self), "series": chartSeries,
                "processes": object([
                    "counted": [
                        "type": "integer", "minimum": 0,
                        "description": "The F2S processes that have counted the invocations of the series.",
                    ],
                    "running": ["type": "integer", "minimum": 1, "description": "The F2S processes that run."],
                ]),
            ],
            optional: [
                "note": [
                    "type": "string",
                    "description": "The reason for which the source is process although the settings name Prometheus.",
                ]
            ]),
    ]

    private static let chartSeries: JSON = object([
        "requests": [
            "type": "object", "description": "Responses of the function per second, by the class of their status.",
            "additionalProperties": series("number", "Responses per second."),
        ],
        "errors": [
            "type": "object", "description": "Errors of F2S per second, by stage.",
            "additionalProperties": series("number", "Errors per second."),
        ],
        "latency": object([
            "p50": series("number", "Seconds."), "p95": series("number", "Seconds."),
            "p99": series("number", "Seconds."),
        ]),
        "inFlight": series("integer", "Invocations that hold a slot, at the end of the step."),
        "slots": series("integer", "The most invocations that may hold a slot; null without a limit."),
        "replicas": object([
            "desired": series("integer", "The replicas that the autoscaler wants."),
            "ready": series("integer", "The replicas that accept invocations."),
        ]),
        "coldStarts": series("integer", "Invocations that waited for a first replica, per step."),
    ])
}
