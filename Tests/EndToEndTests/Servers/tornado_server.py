import asyncio
import hashlib
import os

import tornado.web
import tornado.websocket


class Hello(tornado.web.RequestHandler):
    def get(self):
        self.write("hello\n")

    head = get


@tornado.web.stream_request_body
class Echo(tornado.web.RequestHandler):
    def prepare(self):
        self.count, self.digest = 0, hashlib.md5()

    def data_received(self, part):
        self.count += len(part)
        self.digest.update(part)

    def post(self):
        self.write(f"{self.count} {self.digest.hexdigest()}\n")


class Download(tornado.web.RequestHandler):
    async def get(self):
        for _ in range(320):
            self.write(b"x" * (1 << 16))
            await self.flush()


class Status(tornado.web.RequestHandler):
    def get(self, code):
        self.set_status(int(code))
        if code not in ("204", "304"):
            self.write("status\n")


class Cookies(tornado.web.RequestHandler):
    def get(self):
        self.set_cookie("a", "1")
        self.set_cookie("b", "2")
        self.write("two\n")


class Socket(tornado.websocket.WebSocketHandler):
    def check_origin(self, origin):
        return True

    async def on_message(self, message):
        await self.write_message(message)


async def main():
    app = tornado.web.Application([
        ("/", Hello), ("/echo", Echo), ("/download", Download), (r"/status/(\d+)", Status), ("/cookies", Cookies),
        ("/ws", Socket),
    ])
    app.listen(int(os.environ["PORT"]), "127.0.0.1", max_body_size=1 << 30)
    await asyncio.Event().wait()


asyncio.run(main())
