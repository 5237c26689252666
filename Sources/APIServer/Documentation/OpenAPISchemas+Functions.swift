import F2SModel

extension OpenAPISchemas {
    /// The schemas of invocations through the API, of checks of declarations, and of histories, by name.
    static let functions: [String: JSON] = [
        "InvocationRequest": [
            "type": "object", "additionalProperties": false,
            "properties": [
                "method": ["enum": .array(Function.Method.allCases.map { .string($0.rawValue) })],
                "path": [
                    "type": "string", "examples": ["/rest?name=Ada"],
                    "description": "Path, query or both, appended to the endpoint of the function.",
                ],
                "headers": headers, "body": ["type": "string"], "bodyEncoding": encoding,
            ],
        ],
        "InvocationResult": [
            "type": "object",
            "required": [
                "status", "headers", "body", "bodyEncoding", "bodyBytes", "isTruncated", "seconds", "timing",
                "wasColdStart", "problem",
            ],
            "properties": [
                "status": ["type": "integer"], "headers": headers, "body": ["type": "string"],
                "bodyEncoding": encoding,
                "bodyBytes": [
                    "type": "integer", "description": "The bytes that were read; body has the first.",
                ],
                "isTruncated": [
                    "type": "boolean",
                    "description": .string(
                        "True if body is only the beginning: F2S returns \(InvocationResult.keptBytesMax) bytes, reads "
                            + "\(InvocationResult.readBytesMax), and waits half a minute for the end of a response."),
                ],
                "seconds": ["type": "number"],
                "timing": [
                    "type": "object", "description": "Seconds until the head, as Server-Timing has them.",
                    "properties": [
                        "queue": ["type": "number"], "start": ["type": "number"], "function": ["type": "number"],
                    ],
                ],
                "wasColdStart": ["type": "boolean"], "replica": ["type": "string"],
                "problem": ["oneOf": [OperationDocument.schema("Problem"), ["type": "null"]]],
            ],
        ],
        "ManifestCheck": [
            "type": "object", "required": ["errors", "name", "yaml", "json", "exists", "changes", "rollsOut"],
            "properties": [
                "errors": [
                    "type": "array",
                    "items": [
                        "type": "object", "required": ["message", "line", "column", "field"],
                        "properties": [
                            "message": ["type": "string"], "line": ["type": ["integer", "null"]],
                            "column": ["type": ["integer", "null"]], "field": optionalText,
                        ],
                    ],
                ],
                "name": optionalText, "yaml": optionalText,
                "json": ["oneOf": [OperationDocument.schema("Function"), ["type": "null"]]],
                "exists": ["type": "boolean", "description": "True if the caller may read a function of this name."],
                "changes": [
                    "type": "array",
                    "items": [
                        "type": "object", "required": ["field", "before", "after"],
                        "properties": ["field": ["type": "string"], "before": optionalText, "after": optionalText],
                    ],
                ],
                "rollsOut": ["type": "boolean", "description": "True if the change replaces the replicas."],
            ],
        ],
        "SecretRequest": [
            "type": "object", "additionalProperties": false, "required": ["data"],
            "properties": [
                "data": [
                    "type": "object", "minProperties": 1, "examples": [["API_KEY": "…"]],
                    "description": "The values by key, as texts: like stringData of a Kubernetes Secret.",
                    "propertyNames": [
                        "pattern": .string(SecretBody.keyPattern), "maxLength": .number(SecretBody.keyBytesMax),
                    ],
                    "additionalProperties": ["type": "string"],
                ]
            ],
        ],
        "WrittenSecret": [
            "type": "object", "required": ["name", "namespace", "keys"],
            "properties": [
                "name": ["type": "string", "description": "The name for target.envFrom."],
                "namespace": ["type": "string"], "keys": ["type": "array", "items": ["type": "string"]],
            ],
        ],
        "FunctionHistory": [
            "type": "object", "required": ["items"],
            "properties": [
                "items": [
                    "type": "array", "maxItems": .number(FunctionHistory.recordsMax),
                    "items": [
                        "type": "object",
                        "required": [
                            "generation", "changedAt", "changedBy", "revision", "isCurrent", "isServing", "hasServed",
                        ],
                        "properties": [
                            "generation": ["type": "integer", "minimum": 1],
                            "changedAt": ["type": ["string", "null"], "format": "date-time"],
                            "changedBy": optionalText, "revision": ["type": "string"],
                            "isCurrent": ["type": "boolean"], "isServing": ["type": "boolean"],
                            "hasServed": ["type": "boolean"],
                        ],
                    ],
                ]
            ],
        ],
    ]

    private static let optionalText: JSON = ["type": ["string", "null"]]
    private static let encoding: JSON = ["enum": ["text", "base64"], "default": "text"]
    private static let headers: JSON = [
        "type": "array", "examples": [[["Accept", "text/plain"]]],
        "items": ["type": "array", "items": ["type": "string"], "minItems": 2, "maxItems": 2],
    ]
}
