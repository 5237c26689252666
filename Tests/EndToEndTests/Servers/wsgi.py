"""The application for gunicorn and waitress."""
import hashlib
import http


def application(environ, start_response):
    path = environ["PATH_INFO"]

    def begin(status, fields=()):
        reason = http.HTTPStatus(status).phrase
        start_response(f"{status} {reason}", [("Content-Type", "text/plain"), *fields])

    if path == "/echo":
        count, digest = 0, hashlib.md5()
        while part := environ["wsgi.input"].read(1 << 16):
            count += len(part)
            digest.update(part)
        begin(200)
        return [f"{count} {digest.hexdigest()}\n".encode()]
    if path == "/download":
        begin(200)
        return (b"x" * (1 << 16) for _ in range(320))
    if path == "/cookies":
        begin(200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Path=/")])
        return [b"two\n"]
    if path.startswith("/status/"):
        status = int(path[8:])
        begin(status)
        return [] if status in (204, 304) else [b"status\n"]
    begin(200)
    return [b"hello\n"]
