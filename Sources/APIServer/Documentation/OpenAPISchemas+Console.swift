import F2SModel

extension OpenAPISchemas {
    /// The schemas of the console's own routes by name.
    static let console: [String: JSON] = [
        "ConsoleSession": [
            "type": "object", "required": ["methods", "caller", "isProtected", "invocationURL"],
            "properties": [
                "methods": [
                    "type": "array",
                    "items": [
                        "type": "object", "required": ["kind"],
                        "properties": [
                            "kind": ["enum": ["password", "token", "provider"]], "url": ["type": "string"],
                            "title": ["type": "string"],
                        ],
                    ],
                ],
                "caller": [
                    "type": ["object", "null"],
                    "properties": [
                        "name": ["type": "string"], "groups": ["type": "array", "items": ["type": "string"]],
                        "privileges": ["type": "array", "items": ["type": "string"]],
                    ],
                ],
                "isProtected": ["type": "boolean"], "invocationURL": ["type": "string"],
            ],
        ],
        "ConsoleCredentials": [
            "type": "object", "description": "Either user and password, or token.",
            "properties": [
                "user": ["type": "string"], "password": ["type": "string"], "token": ["type": "string"],
            ],
        ],
        "ConsoleProof": [
            "type": "object", "required": ["proof", "lifetimeSeconds"],
            "properties": ["proof": ["type": "string"], "lifetimeSeconds": ["type": "integer", "minimum": 1]],
        ],
        "ConsoleCallback": [
            "type": "object", "required": ["query", "tab"],
            "properties": [
                "query": ["type": "string", "description": "The query with which the provider led the browser back."],
                "tab": ["type": "string", "description": "The text of GET /session/begin."],
            ],
        ],
        "ConsoleLogin": [
            "type": "object", "required": ["to", "state"],
            "properties": [
                "to": [
                    "type": "string", "maxLength": .number(FunctionLogin.targetBytesMax),
                    "examples": ["/invoke/report?year=2026"],
                ],
                "state": ["type": "string", "pattern": "^[A-Za-z0-9_-]{\(ConsoleLoginBody.stateBytes)}$"],
            ],
        ],
        "ConsoleLoginTicket": [
            "type": "object", "required": ["location"], "properties": ["location": ["type": "string"]],
        ],
        "ConsoleSignOut": [
            "type": "object", "required": ["location"], "properties": ["location": ["type": ["string", "null"]]],
        ],
    ]
}
