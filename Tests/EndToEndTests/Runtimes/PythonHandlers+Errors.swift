extension HandlerCase {
    private static let pythonSorry = "Internal Server Error: see the logs of the function."

    /// Handlers that fail, and results that are not valid.
    static let pythonErrors: [HandlerCase] = [
        HandlerCase(
            "raises an error",
            files: [
                "handler.py": """
                def handle(request):
                    return 1 / 0
                """
            ],
            status: 500, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")], answer: pythonSorry),
        HandlerCase(
            "raises an error while it is debugged",
            files: [
                "handler.py": """
                def divide(number):
                    return 1 / number


                def handle(request):
                    return divide(0)
                """
            ],
            debug: true, status: 500, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")],
            answerContains: "ZeroDivisionError: division by zero"),
        HandlerCase(
            "shows the line of its own file while it is debugged",
            files: [
                "handler.py": """
                def handle(request):
                    return {}["missing"]
                """
            ],
            debug: true, status: 500, answerContains: #"handler.py", line 2, in handle"#),
        HandlerCase(
            "raises an error in a coroutine",
            files: [
                "handler.py": """
                async def handle(request):
                    raise RuntimeError("too bad")
                """
            ],
            debug: true, status: 500, answerContains: "RuntimeError: too bad"),
        HandlerCase(
            "raises an error with a cause",
            files: [
                "handler.py": """
                def handle(request):
                    try:
                        int("x")
                    except ValueError as error:
                        raise RuntimeError("outer") from error
                """
            ],
            debug: true, status: 500, answerContains: "invalid literal for int()"),
        HandlerCase(
            "raises an error without a message",
            files: [
                "handler.py": """
                def handle(request):
                    assert False
                """
            ],
            debug: true, status: 500, answerContains: "AssertionError"),
        HandlerCase(
            "calls sys.exit",
            files: [
                "handler.py": """
                import sys


                def handle(request):
                    sys.exit(3)
                """
            ],
            status: 500, answer: pythonSorry),
        HandlerCase(
            "calls sys.exit in a coroutine",
            files: [
                "handler.py": """
                async def handle(request):
                    exit()
                """
            ],
            status: 500, answer: pythonSorry),
        HandlerCase(
            "fails before its first piece",
            files: [
                "handler.py": """
                def handle(request):
                    raise KeyError("early")
                    yield "never"
                """
            ],
            debug: true, status: 500, answerContains: "KeyError: 'early'"),
        HandlerCase(
            "fails before the first piece of an asynchronous generator",
            files: [
                "handler.py": """
                async def handle(request):
                    raise KeyError("early")
                    yield "never"
                """
            ],
            debug: true, status: 500, answerContains: "KeyError: 'early'"),
        HandlerCase(
            "returns a set",
            files: [
                "handler.py": """
                def handle(request):
                    return {1, 2}
                """
            ],
            debug: true, status: 500, answerContains: "type set; allowed are str, bytes, bytearray, dict, list, None"),
        HandlerCase(
            "returns a number",
            files: [
                "handler.py": """
                def handle(request):
                    return 42
                """
            ],
            debug: true, status: 500, answerContains: "type int; allowed are"),
        HandlerCase(
            "returns a tuple of one",
            files: [
                "handler.py": """
                def handle(request):
                    return ("alone",)
                """
            ],
            debug: true, status: 500, answerContains: "type tuple; allowed are"),
        HandlerCase(
            "yields a number",
            files: [
                "handler.py": """
                def handle(request):
                    yield 42
                """
            ],
            debug: true, status: 500, answerContains: "type int; allowed are"),
        HandlerCase(
            "returns what JSON cannot express",
            files: [
                "handler.py": """
                import datetime


                def handle(request):
                    return {"today": datetime.date.today()}
                """
            ],
            debug: true, status: 500, answerContains: "Object of type date is not JSON serializable"),
        HandlerCase(
            "returns a number that JSON does not have",
            files: [
                "handler.py": """
                def handle(request):
                    return [float("nan")]
                """
            ],
            debug: true, status: 500, answerContains: "not JSON compliant"),
        HandlerCase(
            "returns a status that is text",
            files: [
                "handler.py": """
                def handle(request):
                    return "body", "404"
                """
            ],
            debug: true, status: 500, answerContains: "the status '404' is not a number from 200 to 599"),
        HandlerCase(
            "returns a status that does not exist",
            files: [
                "handler.py": """
                def handle(request):
                    return "body", 1000
                """
            ],
            debug: true, status: 500, answerContains: "the status 1000 is not a number from 200 to 599"),
        HandlerCase(
            "returns a header value with a line break",
            files: [
                "handler.py": #"""
                def handle(request):
                    return "body", 200, {"X-A": "b\r\nSet-Cookie: c=d"}
                """#
            ],
            debug: true, status: 500, answerContains: "the header field 'X-A'"),
        HandlerCase(
            "returns a header name with a line break",
            files: [
                "handler.py": #"""
                def handle(request):
                    return "body", 200, {"X-A\nX-B": "c"}
                """#
            ],
            status: 500, answer: pythonSorry),
        HandlerCase(
            "returns a header name with a colon",
            files: [
                "handler.py": """
                def handle(request):
                    return "body", 200, {"Content-Length: 9": "x"}
                """
            ],
            status: 500, answer: pythonSorry),
        HandlerCase(
            "returns a header name that is empty",
            files: [
                "handler.py": """
                def handle(request):
                    return "body", 200, [("", "x")]
                """
            ],
            status: 500, answer: pythonSorry),
        HandlerCase(
            "returns a header value that HTTP cannot express",
            files: [
                "handler.py": """
                def handle(request):
                    return "body", 200, {"X-A": "世界"}
                """
            ],
            status: 500, answer: pythonSorry),
        HandlerCase(
            "returns headers that are not pairs",
            files: [
                "handler.py": """
                def handle(request):
                    return "body", 200, 7
                """
            ],
            status: 500, answer: pythonSorry),
        HandlerCase(
            "takes no parameter",
            files: [
                "handler.py": """
                def handle():
                    return "unreachable"
                """
            ],
            debug: true, status: 500, answerContains: "takes 0 positional arguments but 1 was given"),
        HandlerCase(
            "returns text that UTF-8 cannot encode",
            files: [
                "handler.py": #"""
                def handle(request):
                    return "\ud83d"
                """#
            ],
            status: 500, answer: pythonSorry),
    ]
}
