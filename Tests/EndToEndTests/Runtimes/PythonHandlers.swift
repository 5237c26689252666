extension HandlerCase {
    /// The handlers that the Python runtime must serve as its contract says.
    static let python = pythonResults + pythonStreams + pythonRequests + pythonModules + pythonEvents + pythonErrors

    /// Each type of result.
    private static let pythonResults: [HandlerCase] = [
        HandlerCase(
            "returns a str",
            files: [
                "handler.py": """
                def handle(request):
                    return "hello"
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "5")],
            answer: "hello"),
        HandlerCase(
            "returns text that is not ASCII",
            files: [
                "handler.py": """
                def handle(request):
                    return "Grüße, 世界 👋"
                """
            ],
            status: 200, answerHeaders: [("Content-Length", "20")], answer: "Grüße, 世界 👋"),
        HandlerCase(
            "returns an empty str",
            files: [
                "handler.py": """
                def handle(request):
                    return ""
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "0")],
            answer: ""),
        HandlerCase(
            "returns a page that begins with a doctype",
            files: [
                "handler.py": """
                def handle(request):
                    return "<!DOCTYPE html><title>t</title>"
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "text/html; charset=utf-8")],
            answer: "<!DOCTYPE html><title>t</title>"),
        HandlerCase(
            "returns a page that begins with its html element",
            files: [
                "handler.py": """
                def handle(request):
                    return "<HTML lang=en></HTML>"
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "text/html; charset=utf-8")]),
        HandlerCase(
            "returns bytes",
            files: [
                "handler.py": """
                def handle(request):
                    return b"raw"
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "application/octet-stream")], answer: "raw"),
        HandlerCase(
            "returns a bytearray",
            files: [
                "handler.py": """
                def handle(request):
                    return bytearray(b"raw")
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "application/octet-stream")], answer: "raw"),
        HandlerCase(
            "returns a dict",
            files: [
                "handler.py": """
                def handle(request):
                    return {"name": "Zoë", "tags": ["a", 1, None, True], "nested": {"x": 1.5}}
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "application/json")],
            answer: #"{"name": "Zoë", "tags": ["a", 1, null, true], "nested": {"x": 1.5}}"#),
        HandlerCase(
            "returns a list",
            files: [
                "handler.py": """
                def handle(request):
                    return [1, "two"]
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "application/json")], answer: #"[1, "two"]"#),
        HandlerCase(
            "returns nothing",
            files: [
                "handler.py": """
                def handle(request):
                    pass
                """
            ],
            status: 204, answer: ""),
        HandlerCase(
            "returns a body and a status",
            files: [
                "handler.py": """
                def handle(request):
                    return "made", 201
                """
            ],
            status: 201, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")], answer: "made"),
        HandlerCase(
            "returns a status of http.HTTPStatus",
            files: [
                "handler.py": """
                from http import HTTPStatus


                def handle(request):
                    return {"error": "short and stout"}, HTTPStatus.IM_A_TEAPOT
                """
            ],
            status: 418, answerHeaders: [("Content-Type", "application/json")],
            answer: #"{"error": "short and stout"}"#),
        HandlerCase(
            "returns a body, a status and headers",
            files: [
                "handler.py": """
                def handle(request):
                    return "a,b", 200, {"content-type": "text/csv", "X-Rows": 1}
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "text/csv"), ("X-Rows", "1")], answer: "a,b"),
        HandlerCase(
            "returns a status, headers and a body",
            files: [
                "handler.py": """
                def handle(request):
                    return 302, {"Location": "/elsewhere"}, None
                """
            ],
            status: 302, answerHeaders: [("Location", "/elsewhere"), ("Content-Length", "0")], answer: ""),
        HandlerCase(
            "sets two cookies with pairs",
            files: [
                "handler.py": """
                def handle(request):
                    return "ok", 200, [("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2")]
                """
            ],
            status: 200, answerHeaders: [("Set-Cookie", "a=1; Path=/, b=2")], answer: "ok"),
        HandlerCase(
            "sets two cookies with a list in a dict",
            files: [
                "handler.py": """
                def handle(request):
                    return "ok", 200, {"Set-Cookie": ["a=1", "b=2"]}
                """
            ],
            status: 200, answerHeaders: [("Set-Cookie", "a=1, b=2")], answer: "ok"),
        HandlerCase(
            "sets fields that belong to the runtime, which ignores them",
            files: [
                "handler.py": """
                def handle(request):
                    return "ok", 200, {"Content-Length": "99", "Transfer-Encoding": "gzip", "Upgrade": "x", "X-A": "b"}
                """
            ],
            status: 200, answerHeaders: [("Content-Length", "2"), ("X-A", "b")], answer: "ok"),
        HandlerCase(
            "returns text with the status 204, which has no body",
            files: [
                "handler.py": """
                def handle(request):
                    return "ignored", 204, {"X-Done": "yes"}
                """
            ],
            status: 204, answerHeaders: [("X-Done", "yes")], answer: ""),
        HandlerCase(
            "returns the status 304, which has no body",
            files: [
                "handler.py": """
                def handle(request):
                    return None, 304, {"ETag": '"1"'}
                """
            ],
            status: 304, answerHeaders: [("ETag", #""1""#)], answer: ""),
        HandlerCase(
            "returns a large body",
            files: [
                "handler.py": """
                def handle(request):
                    return b"0123456789" * 1_000_000
                """
            ],
            status: 200, answerHeaders: [("Content-Length", "10000000")]),
        HandlerCase(
            "is a coroutine",
            files: [
                "handler.py": """
                import asyncio


                async def handle(request):
                    await asyncio.sleep(0.01)
                    return {"loop": asyncio.get_running_loop().is_running()}
                """
            ],
            status: 200, answer: #"{"loop": true}"#),
        HandlerCase(
            "is a coroutine that runs others at once",
            files: [
                "handler.py": """
                import asyncio


                async def square(number):
                    await asyncio.sleep(0.01)
                    return number * number


                async def handle(request):
                    return await asyncio.gather(*map(square, range(4)))
                """
            ],
            status: 200, answer: "[0, 1, 4, 9]"),
        HandlerCase(
            "is an object that can be called",
            files: [
                "handler.py": """
                class Greeter:
                    def __call__(self, request):
                        return "called"


                handle = Greeter()
                """
            ],
            status: 200, answer: "called"),
        HandlerCase(
            "is decorated",
            files: [
                "handler.py": """
                import functools


                def shouting(function):
                    @functools.wraps(function)
                    def wrapper(request):
                        return function(request).upper()
                    return wrapper


                @shouting
                def handle(request):
                    return "quiet"
                """
            ],
            status: 200, answer: "QUIET"),
    ]

    /// Several files, and what is in the memory between requests.
    private static let pythonModules: [HandlerCase] = [
        HandlerCase(
            "is in a sub-folder and has another name",
            files: [
                "api/v1/users.py": """
                from . import names
                from .names import FIRST


                def list_users(request):
                    return [FIRST, names.SECOND]
                """,
                "api/v1/names.py": """
                FIRST = "ada"
                SECOND = "bob"
                """,
            ],
            handler: "api.v1.users.list_users", status: 200, answer: #"["ada", "bob"]"#),
        HandlerCase(
            "is in a package that imports it",
            files: [
                "shop/__init__.py": """
                from .cart import handle
                """,
                "shop/cart.py": """
                def handle(request):
                    return __name__
                """,
            ],
            handler: "shop.cart.handle", status: 200, answer: "shop.cart"),
        HandlerCase(
            "has files that import each other",
            files: [
                "handler.py": """
                import greeting

                NAME = "Ada"


                def handle(request):
                    return greeting.greet()
                """,
                "greeting.py": """
                import handler


                def greet():
                    return "Hello, " + handler.NAME
                """,
            ],
            status: 200, answer: "Hello, Ada"),
        HandlerCase(
            "is imported from another file",
            files: [
                "handler.py": """
                from library.hello import handle
                """,
                "library/hello.py": """
                def handle(request):
                    return "from the library"
                """,
            ],
            status: 200, answer: "from the library"),
        HandlerCase(
            "keeps a value in its module",
            files: [
                "handler.py": """
                loads = 0
                loads += 1


                def handle(request):
                    return {"loads": loads}
                """
            ],
            status: 200, answer: #"{"loads": 1}"#),
        HandlerCase(
            "has a file with a name of the standard library",
            files: [
                "calendar.py": """
                def handle(request):
                    return "mine"
                """,
                "handler.py": """
                import importlib

                handle = importlib.import_module("colors").handle
                """,
                "colors.py": """
                def handle(request):
                    return "red"
                """,
            ],
            status: 200, answer: "red"),
        HandlerCase(
            "reads a file from its folder",
            files: [
                "handler.py": """
                import pathlib

                TEMPLATE = pathlib.Path("page.html").read_text()


                def handle(request):
                    return TEMPLATE.format(name=request.query.get("name", "world"))
                """,
                "page.html": "<html><p>Hello, {name}</html>",
            ],
            target: "/?name=Ada", status: 200, answerHeaders: [("Content-Type", "text/html; charset=utf-8")],
            answer: "<html><p>Hello, Ada</html>"),
        HandlerCase(
            "has a main part, which does not run",
            files: [
                "handler.py": """
                def handle(request):
                    return __name__


                if __name__ == "__main__":
                    raise SystemExit("not a program")
                """
            ],
            status: 200, answer: "handler"),
    ]
}
