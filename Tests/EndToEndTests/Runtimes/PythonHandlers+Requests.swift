extension HandlerCase {
    /// Each member of a request.
    static let pythonRequests: [HandlerCase] = [
        HandlerCase(
            "reads the method and the path, which is not decoded",
            files: [
                "handler.py": """
                def handle(request):
                    return f"{request.method} {request.path}"
                """
            ],
            method: "DELETE", target: "/a%20b//c?x=1", status: 200, answer: "DELETE /a%20b//c"),
        HandlerCase(
            "reads a path with two slashes at its beginning",
            files: [
                "handler.py": """
                def handle(request):
                    return request.path
                """
            ],
            target: "//example.com/x", status: 200, answer: "//example.com/x"),
        HandlerCase(
            "reads the query",
            files: [
                "handler.py": """
                def handle(request):
                    query = request.query
                    return [query["a"], query.getlist("a"), query.get("b"), query.get("c", "-"), query.getlist("c")]
                """
            ],
            target: "/?a=1&a=%C3%BC+2&b=", status: 200, answer: #"["1", ["1", "ü 2"], "", "-", []]"#),
        HandlerCase(
            "reads the query as the Functions Framework calls it",
            files: [
                "handler.py": """
                def handle(request):
                    return "Hello, " + request.args.get("name", "World")
                """
            ],
            target: "/?name=Ada", status: 200, answer: "Hello, Ada"),
        HandlerCase(
            "reads headers, the names of which ignore case",
            files: [
                "handler.py": """
                def handle(request):
                    headers = request.headers
                    return [headers["x-one"], headers.get("X-ONE"), headers.get("x-two"), "X-One" in headers]
                """
            ],
            headers: [("X-One", "1")], status: 200, answer: #"["1", "1", null, true]"#),
        HandlerCase(
            "reads a cookie",
            files: [
                "handler.py": """
                from http.cookies import SimpleCookie


                def handle(request):
                    return SimpleCookie(request.headers.get("cookie", ""))["user"].value
                """
            ],
            headers: [("Cookie", "theme=dark; user=ada")], status: 200, answer: "ada"),
        HandlerCase(
            "returns the body of the request",
            files: [
                "handler.py": """
                def handle(request):
                    return request.body
                """
            ],
            method: "POST", body: "payload", status: 200, answerHeaders: [("Content-Length", "7")],
            answer: "payload"),
        HandlerCase(
            "reads a request without a body",
            files: [
                "handler.py": """
                def handle(request):
                    return [request.text(), len(request.body), request.get_json(silent=True)]
                """
            ],
            method: "POST", status: 200, answer: #"["", 0, null]"#),
        HandlerCase(
            "reads the body as text",
            files: [
                "handler.py": """
                def handle(request):
                    return request.text()[::-1]
                """
            ],
            method: "PUT", body: "Größe", status: 200, answer: "eßörG"),
        HandlerCase(
            "reads a chunked body",
            files: [
                "handler.py": """
                def handle(request):
                    return {"bytes": len(request.body), "text": request.text()}
                """
            ],
            method: "POST", body: "in chunks", isChunked: true, status: 200,
            answer: #"{"bytes": 9, "text": "in chunks"}"#),
        HandlerCase(
            "reads an empty chunked body",
            files: [
                "handler.py": """
                def handle(request):
                    return [len(request.body)]
                """
            ],
            method: "POST", isChunked: true, status: 200, answer: "[0]"),
        HandlerCase(
            "reads a large body",
            files: [
                "handler.py": """
                def handle(request):
                    return [len(request.body), request.body.count(b"z")]
                """
            ],
            method: "POST", body: String(repeating: "z", count: 5_000_000), status: 200, answer: "[5000000, 5000000]"),
        HandlerCase(
            "reads a large chunked body",
            files: [
                "handler.py": """
                def handle(request):
                    return [len(request.body), request.body.count(b"z")]
                """
            ],
            method: "POST", body: String(repeating: "z", count: 5_000_000), isChunked: true, status: 200,
            answer: "[5000000, 5000000]"),
        HandlerCase(
            "reads and returns JSON",
            files: [
                "handler.py": """
                def handle(request):
                    order = request.json()
                    return {"total": sum(item["price"] for item in order["items"])}
                """
            ],
            method: "POST", headers: [("Content-Type", "application/json")],
            body: #"{"items": [{"price": 2}, {"price": 3}]}"#, status: 200, answer: #"{"total": 5}"#),
        HandlerCase(
            "returns JSON with a lone surrogate",
            files: [
                "handler.py": """
                def handle(request):
                    return request.json()
                """
            ],
            method: "POST", body: #"["\ud83d", "ü"]"#, status: 200, answer: #"["\ud83d", "ü"]"#),
        HandlerCase(
            "reads JSON that is invalid",
            files: [
                "handler.py": """
                def handle(request):
                    return request.json()
                """
            ],
            method: "POST", body: #"{"a": }"#, status: 400,
            answerHeaders: [("Content-Type", "text/plain; charset=utf-8")], answerContains: "not valid JSON"),
        HandlerCase(
            "reads JSON from an empty body",
            files: [
                "handler.py": """
                async def handle(request):
                    return request.get_json()
                """
            ],
            method: "POST", status: 400, answerContains: "not valid JSON"),
        HandlerCase(
            "catches the error of invalid JSON",
            files: [
                "handler.py": """
                import json


                def handle(request):
                    try:
                        return request.json()
                    except json.JSONDecodeError as error:
                        return {"column": error.colno}, 422
                """
            ],
            method: "POST", body: "{]", status: 422, answer: #"{"column": 2}"#),
        HandlerCase(
            "raises an error of JSON that is not of the request",
            files: [
                "handler.py": """
                import json


                def handle(request):
                    return json.loads("{")
                """
            ],
            status: 500, answer: "Internal Server Error: see the logs of the function."),
        HandlerCase(
            "reads JSON as the Functions Framework calls it",
            files: [
                "handler.py": """
                def handle(request):
                    body = request.get_json(silent=True)
                    if body and "name" in body:
                        return f"Hello, {body['name']}"
                    return "Hello, World"
                """
            ],
            method: "POST", headers: [("Content-Type", "application/json")], body: #"{"name": "Ada"}"#, status: 200,
            answer: "Hello, Ada"),
        HandlerCase(
            "ignores invalid JSON silently",
            files: [
                "handler.py": """
                def handle(request):
                    return [request.get_json(silent=True)]
                """
            ],
            method: "POST", body: "no JSON", status: 200, answer: "[null]"),
        HandlerCase(
            "reads the body as the Functions Framework calls it",
            files: [
                "handler.py": """
                def handle(request):
                    return [request.get_data(as_text=True), request.data == request.get_data()]
                """
            ],
            method: "POST", body: "payload", status: 200, answer: #"["payload", true]"#),
        HandlerCase(
            "answers HEAD without the body",
            files: [
                "handler.py": """
                def handle(request):
                    return request.method
                """
            ],
            method: "HEAD", status: 200, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")], answer: ""),
        HandlerCase(
            "answers OPTIONS",
            files: [
                "handler.py": """
                def handle(request):
                    return None, 204, {"Allow": "GET, OPTIONS"}
                """
            ],
            method: "OPTIONS", status: 204, answerHeaders: [("Allow", "GET, OPTIONS")], answer: ""),
        HandlerCase(
            "answers PATCH",
            files: [
                "handler.py": """
                def handle(request):
                    return request.method + request.text()
                """
            ],
            method: "PATCH", body: "ed", status: 200, answer: "PATCHed"),
    ]

    /// CloudEvents in both modes of the HTTP binding.
    static let pythonEvents: [HandlerCase] = [
        HandlerCase(
            "reads a CloudEvent in binary mode",
            files: [
                "handler.py": """
                def handle(request):
                    event = request.cloud_event
                    return [event["type"], event["id"], event["source"], event.get("subject"), event.data["n"]]
                """
            ],
            method: "POST",
            headers: [
                ("ce-specversion", "1.0"), ("ce-type", "order.made"), ("ce-id", "7"), ("ce-source", "/shop"),
                ("ce-subject", "caf%C3%A9%20au%20lait"), ("Content-Type", "application/json"),
            ],
            body: #"{"n": 1}"#, status: 200, answer: #"["order.made", "7", "/shop", "café au lait", 1]"#),
        HandlerCase(
            "reads a CloudEvent with data that is not JSON",
            files: [
                "handler.py": """
                def handle(request):
                    return request.cloud_event.data, 200, {"X-Type": request.cloud_event["datacontenttype"]}
                """
            ],
            method: "POST",
            headers: [
                ("ce-specversion", "1.0"), ("ce-type", "t"), ("ce-id", "1"), ("ce-source", "s"),
                ("Content-Type", "text/plain"),
            ],
            body: "plain", status: 200, answerHeaders: [("X-Type", "text/plain")], answer: "plain"),
        HandlerCase(
            "reads a CloudEvent in structured mode",
            files: [
                "handler.py": """
                def handle(request):
                    event = request.cloud_event
                    return {**event, "data": event.data}
                """
            ],
            method: "POST", headers: [("Content-Type", "application/cloudevents+json; charset=utf-8")],
            body: #"{"specversion": "1.0", "type": "t", "id": "1", "source": "s", "data": {"n": [1]}}"#, status: 200,
            answer: #"{"specversion": "1.0", "type": "t", "id": "1", "source": "s", "data": {"n": [1]}}"#),
        HandlerCase(
            "reads a CloudEvent with binary data in structured mode",
            files: [
                "handler.py": """
                def handle(request):
                    return request.cloud_event.data
                """
            ],
            method: "POST", headers: [("Content-Type", "application/cloudevents+json")],
            body: #"{"specversion": "1.0", "type": "t", "id": "1", "source": "s", "data_base64": "aGVsbG8="}"#,
            status: 200, answerHeaders: [("Content-Type", "application/octet-stream")], answer: "hello"),
        HandlerCase(
            "finds no CloudEvent",
            files: [
                "handler.py": """
                def handle(request):
                    return [request.cloud_event is None]
                """
            ],
            method: "POST", headers: [("Content-Type", "application/json"), ("ce-id", "1")], body: "not JSON",
            status: 200, answer: "[true]"),
        HandlerCase(
            "takes a CloudEvent in place of the request",
            files: [
                "handler.py": """
                def handle(cloud_event):
                    return f"{cloud_event['type']}: {cloud_event.data['name']}"
                """
            ],
            method: "POST", headers: [("Content-Type", "application/cloudevents+json")],
            body: #"{"specversion": "1.0", "type": "made", "id": "1", "source": "s", "data": {"name": "Ada"}}"#,
            status: 200, answer: "made: Ada"),
        HandlerCase(
            "takes a CloudEvent and returns nothing",
            files: [
                "handler.py": """
                async def handle(cloud_event):
                    print(cloud_event["id"])
                """
            ],
            method: "POST",
            headers: [("ce-specversion", "1.0"), ("ce-type", "t"), ("ce-id", "1"), ("ce-source", "s")], status: 204,
            answer: ""),
        HandlerCase(
            "takes a CloudEvent and gets another request",
            files: [
                "handler.py": """
                def handle(cloud_event):
                    return "unreachable"
                """
            ],
            method: "POST", body: "{}", status: 400, answerContains: "not a CloudEvent"),
        HandlerCase(
            "takes a CloudEvent and gets invalid JSON",
            files: [
                "handler.py": """
                def handle(cloud_event):
                    return "unreachable"
                """
            ],
            method: "POST", headers: [("Content-Type", "application/cloudevents+json")], body: "{", status: 400,
            answerContains: "not valid JSON"),
        HandlerCase(
            "takes a CloudEvent and gets one that is no object",
            files: [
                "handler.py": """
                def handle(cloud_event):
                    return "unreachable"
                """
            ],
            method: "POST", headers: [("Content-Type", "application/cloudevents+json")], body: "[1]", status: 400,
            answerContains: "not a CloudEvent"),
    ]
}
