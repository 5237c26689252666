import hashlib
import os

from aiohttp import WSMsgType, web


async def hello(_):
    return web.Response(text="hello\n")


async def echo(request):
    count, digest = 0, hashlib.md5()
    async for part in request.content.iter_chunked(1 << 16):
        count += len(part)
        digest.update(part)
    return web.Response(text=f"{count} {digest.hexdigest()}\n")


async def download(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(320):
        await response.write(b"x" * (1 << 16))
    await response.write_eof()
    return response


async def status(request):
    code = int(request.match_info["code"])
    return web.Response(status=code, text=None if code in (204, 304) else "status\n")


async def cookies(_):
    response = web.Response(text="two\n")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


async def socket(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            await socket.send_str(message.data)
    return socket


app = web.Application()
app.add_routes([
    web.get("/", hello), web.post("/echo", echo), web.get("/download", download), web.get("/status/{code}", status),
    web.get("/cookies", cookies), web.get("/ws", socket),
])
web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None, access_log=None)
