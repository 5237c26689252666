"""The application for uvicorn and hypercorn."""
import hashlib


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = (await receive())["type"]
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": event["text"]})
        return

    async def begin(status, fields=()):
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain"), *fields]})

    async def end(body=b""):
        await send({"type": "http.response.body", "body": body})

    path = scope["path"]
    if path == "/echo":
        count, digest = 0, hashlib.md5()
        more = True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            count += len(event.get("body", b""))
            digest.update(event.get("body", b""))
            more = event.get("more_body", False)
        await begin(200)
        await end(f"{count} {digest.hexdigest()}\n".encode())
    elif path == "/download":
        await begin(200)
        for _ in range(320):
            await send({"type": "http.response.body", "body": b"x" * (1 << 16), "more_body": True})
        await end()
    elif path == "/cookies":
        await begin(200, [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2; Path=/")])
        await end(b"two\n")
    elif path.startswith("/status/"):
        status = int(path[8:])
        await begin(status)
        await end(b"" if status in (204, 304) else b"status\n")
    else:
        await begin(200)
        await end(b"hello\n")
