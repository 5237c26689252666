"""F2S's runtime for Python: `python3 serve.py SOURCE HANDLER` serves a function over HTTP/1.1 on $PORT.

SOURCE is the folder of the function's files, and HANDLER is `module.function`. Each connection has a thread, which
reads a request, calls the handler with it, and sends the response that the result stands for (`Function.respond`).
"""
import base64, contextlib, email.message, functools, glob, http, inspect, io, itertools, json, os, re, select, signal
import socket, sys, threading, time, traceback, urllib.parse

BODY_BYTES_MAX, LINE_BYTES_MAX = 64 << 20, 2 << 20  # The head of a request has at most 1 MiB, the limit of F2S.
REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~\x80-\xff]+) HTTP/1\.1\r?\n")
FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\n[\t -~\x80-\xff]*")  # A name, a newline and a value.
# The runtime sets these fields of a response, because they describe the connection and the length of the body.
OWN_FIELDS = "connection content-length keep-alive proxy-connection te trailer transfer-encoding upgrade".split()
PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
RESULTS = ("str, bytes, bytearray, dict, list, None, a generator or another iterator of str or bytes, and the tuples "
           "(body, status), (body, status, headers) and (status, headers, body)")


class Query(dict):
    """The parameters of a query. `query[name]` is the first value of a parameter."""

    def __init__(self, text):
        self.lists = urllib.parse.parse_qs(text, keep_blank_values=True)
        super().__init__((name, values[0]) for name, values in self.lists.items())

    def getlist(self, name):
        """Returns all values of a parameter."""
        return self.lists.get(name, [])


class CloudEvent(dict):
    """A CloudEvent 1.0: `event["type"]` is an attribute, and `event.data` is the data, decoded if it is JSON."""


class Request:
    """A request. `args`, `data`, `get_data` and `get_json` are Flask's names for `query`, `body`, `text` and `json`."""

    def __init__(self, method, target, headers, body):
        self.method, self.headers, self.body, self.data = method, headers, body, body
        self.path, _, query = target.partition("?")
        self.query = self.args = Query(query)
        self.json_error = None

    def text(self):
        """Returns the body as text. U+FFFD replaces bytes that are not UTF-8."""
        return self.body.decode(errors="replace")

    def json(self):
        """Returns the JSON of the body, or raises ValueError. If the handler does not catch it, the answer is 400."""
        return self.get_json()

    def get_data(self, as_text=False):
        """Returns the body as bytes or as text."""
        return self.text() if as_text else self.body

    def get_json(self, force=False, silent=False):
        """Returns the JSON of the body. If the body is not JSON, returns None if `silent`, or raises ValueError."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            self.json_error = error
            if not silent:
                raise

    @functools.cached_property
    def cloud_event(self):
        """The CloudEvent that the request carries in the binary or the structured mode of HTTP, or None."""
        content_type = self.headers.get_content_type()
        is_structured = content_type == "application/cloudevents+json"
        event = self.json() if is_structured else {
            name[3:].lower(): urllib.parse.unquote(value) for name, value in self.headers.items()
            if name.lower().startswith("ce-")}
        if not isinstance(event, dict) or not {"id", "source", "type"} <= event.keys():
            return None
        event = CloudEvent(event)
        if is_structured:
            encoded, event.data = event.pop("data_base64", None), event.pop("data", None)
            event.data = event.data if encoded is None else base64.b64decode(encoded)
        else:
            is_json = self.body and content_type.endswith(("/json", "+json"))
            event.data = self.json() if is_json else self.body
            if "content-type" in self.headers:
                event["datacontenttype"] = self.headers["content-type"]
        return event


def encode(body):
    """Returns the content type and the bytes of a body or of a piece of it. The bytes of a stream are an iterator."""
    if body is None:
        return None, b""
    if isinstance(body, str):
        is_html = body[:14].lower().startswith(("<!doctype html", "<html"))
        return f"text/{'html' if is_html else 'plain'}; charset=utf-8", body.encode()
    if isinstance(body, (bytes, bytearray)):
        return "application/octet-stream", bytes(body)
    if isinstance(body, (dict, list)):
        # UTF-8 cannot encode a lone surrogate. Its replacement, a backslash and the number, is its escape in JSON.
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
        return "application/json", text.encode(errors="backslashreplace")
    if hasattr(body, "__aiter__"):
        body = EVENT_LOOP.iterate(body.__aiter__())
    if hasattr(body, "__next__"):
        # The head waits for the first piece, so that the answer to an error before it is 500.
        pieces = map(encode, body)
        content_type, first = next(pieces, encode(""))
        return content_type, itertools.chain([first], (data for _, data in pieces))
    raise TypeError(f"the handler returned a value of type {type(body).__name__}; allowed are {RESULTS}")


def response(result):
    """Returns the status, the header fields and the body of the response that a handler's result stands for."""
    body, status, headers = result, None, None
    if isinstance(result, tuple) and len(result) == 3 and isinstance(result[0], int):
        status, headers, body = result
    elif isinstance(result, tuple) and len(result) in (2, 3):
        body, status, headers = (*result, None)[:3]
    if status is None:
        status = 204 if body is None else 200
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError(f"the status {status!r} is not a number from 200 to 599")
    content_type, body = encode(body)
    fields = []
    for name, values in headers.items() if hasattr(headers, "items") else headers or ():
        for value in values if isinstance(values, (list, tuple)) else [values]:
            if not FIELD.fullmatch(f"{name}\n{value}"):
                raise ValueError(f"the header field {name!r}: {value!r} is invalid")
            if name.lower() not in OWN_FIELDS:
                fields.append(f"{name}: {value}")
    if content_type and not any(field.lower().startswith("content-type:") for field in fields):
        fields.append(f"Content-Type: {content_type}")
    return status, fields, body


class EventLoop:
    """The asyncio loop of all coroutines. It runs in a thread of its own from the first coroutine on."""

    def __init__(self):
        self.lock, self.loop = threading.Lock(), None

    def wait_for(self, awaitable):
        """Runs an awaitable, and returns its result."""
        import asyncio  # Not above: the import takes 20 ms, and most functions do not need it.

        async def result():
            return await awaitable
        with self.lock:
            if not self.loop:
                self.loop = asyncio.new_event_loop()
                threading.Thread(target=self.run, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(result(), self.loop).result()

    def iterate(self, iterator):
        """Returns an iterator over the items of an asynchronous iterator."""
        async def following():
            async for item in iterator:
                return item
            return iterator  # It marks the end, because it is not one of its items.
        return iter(lambda: self.wait_for(following()), iterator)

    def run(self):
        """Runs the loop in its thread."""
        while True:
            with contextlib.suppress(SystemExit):  # A coroutine that calls sys.exit() interrupts the loop.
                self.loop.run_forever()


EVENT_LOOP = EventLoop()


class LoadError(Exception):
    """The reason why the files do not contain the handler."""


class Function:
    """The handler, and the folder of its files."""

    def __init__(self, folder, handler):
        self.folder = os.path.abspath(folder)
        self.module, _, self.name = handler.rpartition(".")
        self.file = self.module.replace(".", "/") + ".py"
        self.is_debugging = os.environ.get("F2S_DEBUG") == "1"

    def load(self):
        """Imports the handler. Raises LoadError, or the error of the module."""
        os.chdir(self.folder)
        sys.path[0] = self.folder
        if not os.path.isfile(self.file):
            files = sorted(filter(os.path.isfile, glob.glob("**/*", recursive=True)))
            raise LoadError(f"no such file; the files are: {', '.join(files[:10])}")
        __import__(self.module)
        module = sys.modules[self.module]
        if getattr(module, "__file__", None) != os.path.join(self.folder, self.file):
            raise LoadError("Python has a module of this name; rename the file")
        self.handler = getattr(module, self.name, None)
        if not callable(self.handler):
            names = [name for name, value in vars(module).items() if inspect.isfunction(value)]
            raise LoadError(f"has no function {self.name}" + f"; it has: {', '.join(names)}" * (0 < len(names) < 10))
        self.takes_event = list(inspect.signature(self.handler).parameters) == ["cloud_event"]

    def respond(self, request):
        """Calls the handler, and returns the response that its result or its error stands for."""
        try:
            argument = request.cloud_event if self.takes_event else request
            if argument is None:
                return response(("The request is not a CloudEvent.", 400))
            result = self.handler(argument)
            return response(EVENT_LOOP.wait_for(result) if inspect.isawaitable(result) else result)
        except BaseException as error:
            if error is request.json_error:
                return response((f"The body is not valid JSON: {error}.", 400))
            trace = self.report(error)
            sorry = "Internal Server Error: see the logs of the function."
            return response((trace if self.is_debugging else sorry, 500))

    def report(self, error):
        """Logs an error from the first frame of the function on, and its place. Returns the traceback."""
        frames = error.__traceback__
        while frames and not self.owns(frames.tb_frame.f_code.co_filename):
            frames = frames.tb_next
        places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(frames)]
        if isinstance(error, SyntaxError):
            places.append((error.filename or "", error.lineno))
        names = [f"{os.path.relpath(file, self.folder)}:{line}" for file, line in places if self.owns(file)]
        trace, message = "", str(error)
        if not isinstance(error, LoadError):
            trace = "".join(traceback.format_exception(type(error), error, frames))
            message = traceback.format_exception_only(type(error), error)[-1 if isinstance(error, SyntaxError) else 0]
        sys.stderr.write(f"{trace}f2s: {[self.file, *names][-1]}: {' '.join(message.split())}\n")
        return trace

    def owns(self, file):
        """Returns true if the file is one of the function. The runtime may be in a sub-folder of it."""
        return file.startswith(self.folder + os.sep) and file != __file__


class Rejection(Exception):
    """A request that the runtime answers itself. The arguments are a sentence and the status."""


class Input(socket.SocketIO):
    """The bytes that a client sends. Between two requests, they end when the server stops."""

    def __init__(self, client, server):
        super().__init__(client, "r")
        self.server, self.is_idle = server, True

    def readinto(self, buffer):
        """Receives bytes, and returns their number."""
        if self.is_idle and self.fileno() not in self.server.wait_for_input(self):
            return 0
        self.is_idle = False
        return super().readinto(buffer)


class Connection:
    """A connection to a client, which speaks HTTP/1.1 (RFC 9112)."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.input = io.BufferedReader(Input(client, server), 1 << 16)
        self.is_head = self.is_last = False

    def run(self):
        """Answers requests until the client closes the connection or the server stops."""
        self.client.setblocking(True)
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        with self.client, contextlib.suppress(OSError):
            try:
                while not self.is_last and (request := self.read_request()):
                    self.send(*self.server.function.respond(request))
            except Rejection as rejection:
                self.is_head, self.is_last = False, True
                self.send(*response(rejection.args))
                self.discard_input()

    def read_request(self):
        """Returns the next request, or None if the client or the server has ended the connection."""
        self.input.raw.is_idle = True
        line = self.read_line()
        self.input.raw.is_idle = False
        if not line:
            return None
        start = REQUEST_LINE.fullmatch(line)
        if not start:
            raise Rejection("The request line is not valid in HTTP/1.1.", 400)
        method, target = start.groups()
        headers = self.read_fields()
        self.is_head, self.is_last = method == "HEAD", headers.get("connection", "").lower() == "close"
        return Request(method, target, headers, self.read_body(headers))

    def read_line(self):
        """Returns the next line with its end, or an empty line at the end of the input."""
        return self.input.readline(LINE_BYTES_MAX).decode("latin-1")

    def read_fields(self):
        """Returns the header fields or the trailer fields that come next."""
        fields = email.message.Message()
        while (line := self.read_line()) not in ("\r\n", "\n"):
            name, _, value = line.partition(":")
            value = value.strip(" \t\r\n")
            if not line.endswith("\n") or not FIELD.fullmatch(f"{name}\n{value}"):
                raise Rejection("A header field is invalid.", 400)
            fields[name] = value
        return fields

    def read_body(self, headers):
        """Returns the body that follows the header fields of a request."""
        lengths, codings = headers.get_all("content-length", []), headers.get_all("transfer-encoding", [])
        if len(lengths) + len(codings) > 1 or codings and codings[0].lower() != "chunked":
            raise Rejection("The body must have one Content-Length, or the Transfer-Encoding chunked.", 400)
        if headers.get("expect", "").lower() == "100-continue":
            self.client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not codings:
            return self.read_bytes(lengths[0], 10) if lengths else b""
        body = bytearray()
        while chunk := self.read_bytes(self.read_line().partition(";")[0].strip(), 16, BODY_BYTES_MAX - len(body)):
            body += chunk
            if self.read_line() not in ("\r\n", "\n"):
                raise Rejection("A chunk is longer than its size.", 400)
        self.read_fields()
        return bytes(body)

    def read_bytes(self, digits, base, size_max=BODY_BYTES_MAX):
        """Returns the next bytes of a body. The digits are their number."""
        if not re.fullmatch("[0-9]{1,15}" if base == 10 else "[0-9A-Fa-f]{1,15}", digits):
            raise Rejection("The length of the body or of a chunk is invalid.", 400)
        size = int(digits, base)
        if size > size_max:
            raise Rejection(f"The body has more than {BODY_BYTES_MAX} bytes.", 413)
        data = self.input.read(size)
        if len(data) < size:
            raise ConnectionError("the client closed the connection within a request")
        return data

    def discard_input(self):
        """Reads the rest of a rejected request, because a close with unread bytes would destroy the answer."""
        self.client.shutdown(socket.SHUT_WR)
        self.client.settimeout(2)
        while self.client.recv(1 << 16):
            pass

    def send(self, status, fields, body):
        """Sends a response. Its head leaves together with the body, or with the first piece of a stream."""
        self.is_last = self.is_last or self.server.is_stopping
        is_stream, has_body = not isinstance(body, bytes), status not in (204, 304)
        lines = [f"HTTP/1.1 {status} {PHRASES.get(status, '')}", *fields]
        if has_body:
            lines.append("Transfer-Encoding: chunked" if is_stream else f"Content-Length: {len(body)}")
        if self.is_last:
            lines.append("Connection: close")
        parts = iter([b""] if self.is_head or not has_body else self.chunks(body) if is_stream else [body])
        self.client.sendall("\r\n".join([*lines, "\r\n"]).encode("latin-1") + next(parts, b""))
        for part in parts:
            self.client.sendall(part)

    def chunks(self, pieces):
        """Yields the chunks of a stream. After an error, the last chunk is missing and the connection closes."""
        try:
            for piece in pieces:
                yield b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
            yield b"0\r\n\r\n"
        except Exception as error:
            self.server.function.report(error)
            self.is_last = True


class Server:
    """Accepts connections until a signal stops it."""

    def __init__(self, function):
        self.function, self.is_stopping, self.threads = function, False, []
        self.stop_reader, self.stop_writer = os.pipe()

    def stop(self, *_):
        """Handles a signal. The byte in the pipe ends all waits for input."""
        self.is_stopping = True
        os.write(self.stop_writer, b"\0")

    def wait_for_input(self, *files):
        """Waits until a file has input or the server stops. Returns the descriptors that can be read."""
        poll = select.poll()
        for file in (*files, self.stop_reader):
            poll.register(file, select.POLLIN)
        return dict(poll.poll())

    def run(self, listener):
        """Serves connections. Returns when a signal has stopped the server and the last connection has ended."""
        signal_reader, signal_writer = os.pipe()
        os.set_blocking(signal_writer, False)
        signal.set_wakeup_fd(signal_writer)  # A signal that comes just before a wait would otherwise not end it.
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        while True:
            inputs = self.wait_for_input(listener, signal_reader)
            if listener.fileno() in inputs:
                self.accept(listener)
            elif signal_reader in inputs:
                os.read(signal_reader, 1)
            else:
                break
        listener.close()
        for thread in self.threads:
            thread.join()

    def accept(self, listener):
        """Accepts a connection, and starts its thread."""
        try:
            thread = threading.Thread(target=Connection(listener.accept()[0], self).run, daemon=True)
            thread.start()
            self.threads = [thread, *(other for other in self.threads if other.is_alive())]
        except (OSError, RuntimeError) as error:  # There are too many connections or threads.
            print(f"The runtime cannot accept a connection: {error}", file=sys.stderr)
            time.sleep(0.1)


def listen(host, port):
    """Returns a socket that listens on an address or, without one, on all IPv6 and IPv4 addresses of the machine."""
    if not host:
        with contextlib.suppress(OSError, ValueError):  # The machine has no IPv6.
            return socket.create_server(("", port), family=socket.AF_INET6, backlog=1024, dualstack_ipv6=True)
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024)


def main():
    """Loads the handler, and serves it until SIGTERM."""
    sys.dont_write_bytecode = True
    sys.stdout.reconfigure(line_buffering=True)
    # The first process of a container ignores signals without a handler, and an import can take long.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    function = Function(*sys.argv[1:3])
    try:
        function.load()
    except BaseException as error:
        function.report(error)
        os._exit(1)  # Not sys.exit(), which waits for the threads that the module has started.
    Server(function).run(listen(os.environ.get("HOST", ""), int(os.environ["PORT"])))


if __name__ == "__main__":
    main()
