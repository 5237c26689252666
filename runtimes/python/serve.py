"""F2S's runtime for Python: `python3 serve.py SOURCE HANDLER` serves the function HANDLER (`module.function`) from the
source files in the folder SOURCE over HTTP/1.1 on $PORT. With F2S_DEBUG=1, answers of status 500 show the trace."""
import base64, contextlib, email.message, functools, http, importlib, inspect, itertools, json, os, re, signal, socket
import socketserver, sys, threading, time, traceback, urllib.parse as url
FOLDER, (MODULE, _, NAME) = os.path.abspath(sys.argv[1]), sys.argv[2].rpartition(".")
HEAD_BYTES_MAX, BODY_BYTES_MAX = 2 << 20, 64 << 20  # F2S accepts heads of 1 MiB.
FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)\r\n")
HEAD = re.compile(rf"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~\x80-\xff]+) HTTP/1\.1\r\n((?:{FIELD.pattern})*)")
OWN_FIELDS = "connection content-length keep-alive proxy-connection te trailer transfer-encoding upgrade".split()
PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
LOOPS, LOOPS_LOCK = [], threading.Lock()  # The asyncio loop of all coroutines, from the first coroutine on.
class Mapping(dict):
    """A query or a CloudEvent: a dictionary with `query.getlist(name)` or `event.data`."""
    def __init__(self, items, **members):
        super().__init__(items)
        self.__dict__.update(members)
class Request:
    """A request. `args`, `data`, `get_data` and `get_json` are Flask's names for `query`, `body`, `text` and `json`."""
    def __init__(self, method, target, headers, body):
        self.method, self.headers, self.body, self.data = method, headers, body, body
        self.path, _, query = target.partition("?")
        lists = url.parse_qs(query, keep_blank_values=True)
        firsts = {name: values[0] for name, values in lists.items()}
        self.query = self.args = Mapping(firsts, getlist=lambda name: lists.get(name, []))
    def text(self): return self.body.decode(errors="replace")
    def get_data(self, as_text=False): return self.text() if as_text else self.body
    def get_json(self, force=False, silent=False):
        """Returns the JSON of the body. If it is invalid, returns None (`silent`) or raises ValueError: status 400."""
        with contextlib.suppress(ValueError if silent else ()): return json.loads(self.body)
    json = get_json
    @functools.cached_property
    def cloud_event(self):
        """The CloudEvent 1.0 that the request carries in the binary or the structured mode of HTTP, or None."""
        is_structured = (content_type := self.headers.get_content_type()) == "application/cloudevents+json"
        event = self.json() if is_structured else {
            name[3:].lower(): url.unquote(value) for name, value in self.headers.items() if name[:3].lower() == "ce-"}
        if not isinstance(event, dict) or not {"id", "source", "type"} <= event.keys(): return None
        if not is_structured:
            if "content-type" in self.headers: event["datacontenttype"] = self.headers["content-type"]
            event["data"] = self.json() if self.body and content_type.endswith(("/json", "+json")) else self.body
        elif event.get("data_base64") is not None: event["data"] = base64.b64decode(event.pop("data_base64"))
        return Mapping(event, data=event.pop("data", None))

def encode(body):
    """Returns the content type and the bytes of a body or of a piece of it. The bytes of a stream are an iterator."""
    if body is None: return None, b""
    if isinstance(body, (bytes, bytearray)): return "application/octet-stream", bytes(body)
    if isinstance(body, str):
        return f"text/{'html' if re.match('(?i)<(!doctype )?html', body) else 'plain'}; charset=utf-8", body.encode()
    if isinstance(body, (dict, list)):
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
        return "application/json", text.encode(errors="backslashreplace")  # It escapes lone surrogates as JSON does.
    if hasattr(body, "__aiter__"): body = iterate(body.__aiter__())
    if hasattr(body, "__next__"):
        pieces = map(encode, body)
        content_type, first = next(pieces, encode(""))  # Before the head is sent, so that an error gives 500.
        return content_type, itertools.chain([first], (data for _, data in pieces))
    raise TypeError(f"the handler returned a value of type {type(body).__name__}; allowed are str, bytes, bytearray, "
                    "dict, list, None, iterators of str or bytes, (body, status[, headers]), (status, headers, body)")

def response(result):
    """Returns the head's lines and the body of the response to a handler's result. Ignores OWN_FIELDS in headers."""
    is_tuple = isinstance(result, tuple) and len(result) in (2, 3)
    body, status, headers = (*result, None)[:3] if is_tuple else (result, 204 if result is None else 200, None)
    if is_tuple and isinstance(body, int): status, headers, body = body, status, headers
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError(f"the status {status!r} is not a number from 200 to 599")
    (content_type, body), lines = encode(body), [f"HTTP/1.1 {status} {PHRASES.get(status, '')}"]
    for name, values in headers.items() if hasattr(headers, "items") else headers or ():
        for value in values if isinstance(values, (list, tuple)) else [values]:
            if FIELD.findall(f"{name}:{value}\r\n") != [(name, str(value))]:
                raise ValueError(f"the header field {name!r}: {value!r} is invalid")
            if name.lower() not in OWN_FIELDS: lines.append(f"{name}: {value}")
    if content_type and "\ncontent-type:" not in "\n".join(lines).lower(): lines.append("Content-Type: " + content_type)
    if status in (204, 304): return lines, b""
    return [*lines, f"Content-Length: {len(body)}" if isinstance(body, bytes) else "Transfer-Encoding: chunked"], body

def await_in_loop(awaitable):
    """Runs an awaitable in the asyncio loop of all requests, and returns its result."""
    import asyncio  # Not above: the import takes 20 ms, and most functions do not need it.
    def run_loop():
        while True:
            with contextlib.suppress(SystemExit): LOOPS[0].run_forever()  # A coroutine may call sys.exit().
    with LOOPS_LOCK:
        if not LOOPS:
            LOOPS.append(asyncio.new_event_loop())
            threading.Thread(target=run_loop, daemon=True).start()
    return asyncio.run_coroutine_threadsafe(asyncio.wait_for(awaitable, None), LOOPS[0]).result()
def iterate(iterator):  # Yields the items of an asynchronous iterator.
    with contextlib.suppress(StopAsyncIteration):
        while True: yield await_in_loop(iterator.__anext__())

def respond(request):
    """Calls the handler, and returns the response that its result or its error stands for."""
    try:
        argument = request.cloud_event if takes_event else request
        result = ("The request is not a CloudEvent.", 400) if argument is None else handler(argument)
        return response(await_in_loop(result) if inspect.isawaitable(result) else result)
    except BaseException as error:
        if Request.get_json.__code__ in (frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)):
            return response((f"The body is not valid JSON: {error}.", 400))
        trace, is_debugging = report(error), os.environ.get("F2S_DEBUG") == "1"
        return response((trace if is_debugging else "Internal Server Error: see the logs of the function.", 500))

def report(error, ignored=()):
    """Logs an error from its first frame in the function on, and then its place for F2S. Returns the traceback."""
    def is_own(place): return str(place.filename).startswith(FOLDER + os.sep) and place.filename != __file__
    details = traceback.TracebackException.from_exception(error)
    details.stack[:] = itertools.dropwhile(lambda frame: not is_own(frame), details.stack)
    places = [*details.stack, error] if isinstance(error, SyntaxError) else details.stack
    names = [f"{os.path.relpath(place.filename, FOLDER)}:{place.lineno}" for place in places if is_own(place)]
    message = next(line for line in details.format_exception_only() if line[0] != " ") if names else str(error)
    trace, place = "".join(details.format()), names[-1] if names else MODULE.replace(".", "/") + ".py"
    if names or not isinstance(error, ignored):  # An OSError without a place: the client has left.
        print(f"{trace}f2s: {place}: {' '.join(message.split())}\n", end="", file=sys.stderr, flush=True)
    return trace

class Connection(socketserver.StreamRequestHandler):
    """A connection to a client, which speaks HTTP/1.1 (RFC 9112). `busy` holds those with a request in progress."""
    rbufsize, disable_nagle_algorithm, is_last, is_head, busy = 1 << 16, True, False, False, set()
    def handle(self):
        """Answers requests until the client closes the connection or the server stops."""
        with self.connection, self.rfile:
            self.connection.setblocking(True)  # The module of the handler may have set another default.
            while not self.is_last and self.rfile.peek():
                self.busy.add(self)
                try: answer = respond(self.read_request())
                except ValueError as error: self.is_last, answer = True, response(error.args)
                self.send(*answer)
                self.busy.remove(self)
            self.connection.shutdown(socket.SHUT_WR)  # A close with unread bytes would destroy the answer.
            while self.connection.recv(1 << 16): pass
    def finish(self): self.busy.discard(self)
    def read_request(self):
        """Returns the next request. Raises ValueError with a sentence and a status if it is invalid."""
        head = bytearray(self.rfile.readline(HEAD_BYTES_MAX))
        while (line := self.rfile.readline(HEAD_BYTES_MAX - len(head))).strip(): head += line
        start = HEAD.fullmatch(head.decode("latin-1"))
        if not start or not line: raise ValueError("The head of the request is not valid in HTTP/1.1.", 400)
        headers = email.message.Message()
        for name, value in FIELD.findall(start[3]): headers[name] = value.strip("\t ")
        self.is_head, self.is_last = start[1] == "HEAD", headers.get("connection", "").lower() == "close"
        return Request(start[1], start[2], headers, self.read_body(headers))
    def read_body(self, headers):
        """Returns the body that follows the head of a request."""
        lengths, codings = headers.get_all("content-length", []), headers.get_all("transfer-encoding", [])
        if len(lengths) + len(codings) > 1 or codings and codings[0].lower() != "chunked":
            raise ValueError("The body must have one Content-Length, or the Transfer-Encoding chunked.", 400)
        if headers.get("expect", "").lower() == "100-continue": self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not codings: return self.read_bytes(lengths[0].encode(), 10) if lengths else b""
        body = bytearray()
        while chunk := self.read_bytes(self.rfile.readline(HEAD_BYTES_MAX).partition(b";")[0].strip(), 16, len(body)):
            body += chunk
            if self.rfile.readline(3) != b"\r\n": raise ValueError("A chunk is longer than its size.", 400)
        while self.rfile.readline(HEAD_BYTES_MAX).strip(): pass  # Trailer fields.
        return bytes(body)
    def read_bytes(self, digits, base, bytes_before=0):
        """Returns the next bytes of a body. The digits are their number."""
        if not re.fullmatch(b"[0-9]{1,15}" if base == 10 else b"[0-9A-Fa-f]{1,15}", digits):
            raise ValueError("The length of the body or of a chunk is invalid.", 400)
        size = int(digits, base)
        if size + bytes_before > BODY_BYTES_MAX: raise ValueError(f"The body exceeds {BODY_BYTES_MAX} bytes.", 413)
        if len(data := self.rfile.read(size)) < size: raise ConnectionError("The client has left within a request.")
        return data
    def send(self, lines, body):
        """Sends a response. Its head leaves together with the body, or with the first piece of a stream."""
        self.is_last = self.is_last or listener.gettimeout() == 0  # A signal has come.
        data = "\r\n".join([*lines, *["Connection: close"] * self.is_last, "\r\n"]).encode("latin-1")
        if self.is_head or isinstance(body, bytes): return self.wfile.write(data + (b"" if self.is_head else body))
        chunks = (b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b"" for piece in body)
        for part in itertools.chain([data + next(chunks)], chunks, [b"0\r\n\r\n"]): self.wfile.write(part)

if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # The first process of a container has no default handler.
    threading.excepthook = lambda args: args.exc_type is SystemExit or report(args.exc_value, ignored=OSError)
    try:
        os.chdir(FOLDER)
        sys.path[0] = FOLDER
        if MODULE in sys.modules: raise ImportError("Python has a module of this name; rename the file")
        handler = getattr(module := importlib.import_module(MODULE), NAME, None)
        names = ", ".join(name for name, value in vars(module).items() if inspect.isfunction(value))
        if not callable(handler): raise ImportError(f"has no function {NAME}; it has: {names or 'none'}")
        takes_event = list(inspect.signature(handler).parameters) == ["cloud_event"]
    except BaseException as error:
        report(error)
        os._exit(1)  # Not sys.exit(), which waits for the threads that the module has started.
    host = os.environ.get("HOST") or ("::" if socket.has_dualstack_ipv6() else "0.0.0.0")
    family, port = socket.AF_INET6 if ":" in host else socket.AF_INET, int(os.environ["PORT"])
    listener = socket.create_server((host, port), family=family, backlog=1024, dualstack_ipv6=host == "::")
    listener.settimeout(1)  # A signal that comes immediately before a wait has its effect after it.
    for number in (signal.SIGTERM, signal.SIGINT): signal.signal(number, lambda *_: listener.setblocking(False))
    while True:
        try: threading.Thread(target=Connection, args=(*listener.accept(), None), daemon=True).start()
        except BlockingIOError: break  # A signal has come.
        except socket.timeout: pass
        except (OSError, RuntimeError): time.sleep(0.1)  # There are too many connections or threads.
    listener.shutdown(socket.SHUT_RD)
    while time.sleep(0.1) or Connection.busy: pass  # Until each request that has come is answered.
