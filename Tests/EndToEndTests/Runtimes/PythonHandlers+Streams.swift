extension HandlerCase {
    /// Generators and iterators.
    static let pythonStreams: [HandlerCase] = [
        HandlerCase(
            "is a generator of text",
            files: [
                "handler.py": #"""
                def handle(request):
                    for number in range(3):
                        yield f"line {number}\n"
                """#
            ],
            status: 200, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")],
            answer: "line 0\nline 1\nline 2\n"),
        HandlerCase(
            "returns a generator of bytes",
            files: [
                "handler.py": """
                def handle(request):
                    return (bytes([65 + number]) for number in range(3))
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "application/octet-stream")], answer: "ABC"),
        HandlerCase(
            "is a generator that sends server-sent events",
            files: [
                "handler.py": #"""
                def events():
                    yield "data: 1\n\n"
                    yield "data: 2\n\n"


                def handle(request):
                    return events(), 200, {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
                """#
            ],
            status: 200, answerHeaders: [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")],
            answer: "data: 1\n\ndata: 2\n\n"),
        HandlerCase(
            "is an asynchronous generator",
            files: [
                "handler.py": """
                import asyncio


                async def handle(request):
                    for letter in "abc":
                        await asyncio.sleep(0.001)
                        yield letter
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")], answer: "abc"),
        HandlerCase(
            "is a coroutine that returns an asynchronous generator and a status",
            files: [
                "handler.py": """
                async def letters():
                    yield b"x"
                    yield "é"


                async def handle(request):
                    return letters(), 202
                """
            ],
            status: 202, answerHeaders: [("Content-Type", "application/octet-stream")], answer: "xé"),
        HandlerCase(
            "returns an iterator",
            files: [
                "handler.py": """
                def handle(request):
                    return 203, [], iter(["a", "", "b"])
                """
            ],
            status: 203, answer: "ab"),
        HandlerCase(
            "is a generator without a piece",
            files: [
                "handler.py": """
                def handle(request):
                    return
                    yield
                """
            ],
            status: 200, answer: ""),
        HandlerCase(
            "streams a page",
            files: [
                "handler.py": """
                def handle(request):
                    yield "<!doctype html>"
                    yield "<p>later"
                """
            ],
            status: 200, answerHeaders: [("Content-Type", "text/html; charset=utf-8")],
            answer: "<!doctype html><p>later"),
        HandlerCase(
            "streams a file",
            files: [
                "handler.py": """
                def handle(request):
                    return open("data/lines.txt")
                """,
                "data/lines.txt": "one\ntwo\n",
            ],
            status: 200, answer: "one\ntwo\n"),
        HandlerCase(
            "streams pieces of a megabyte",
            files: [
                "handler.py": """
                def handle(request):
                    for _ in range(3):
                        yield b"x" * 1_000_000
                """
            ],
            status: 200, answer: String(repeating: "x", count: 3_000_000)),
        HandlerCase(
            "streams in answer to HEAD",
            files: [
                "handler.py": """
                def handle(request):
                    yield "never sent"
                """
            ],
            method: "HEAD", status: 200, answerHeaders: [("Content-Type", "text/plain; charset=utf-8")], answer: ""),
    ]
}
