#!/usr/bin/env python3
"""Measures the console among many functions with a real browser, Debian's Chromium, for one test.

    scale.py paint CONSOLE PUBLIC     loads the list, types into the filter, and visits all views
    scale.py live CONSOLE PUBLIC      looks at the list for 30 s while functions are invoked
    scale.py hour CONSOLE PUBLIC      sends 3,600 changes of the list, as many as a server sends in an hour
    scale.py charts CONSOLE PUBLIC    loads the charts of a function 360 times, as often as in an hour

CONSOLE and PUBLIC are the origins of the two listeners. The functions are fn-00000, fn-00001 and so on; there are
10,000. Without F2S_SOAK, the last two stand for ten minutes instead of an hour. The findings are printed as one JSON
object. Times are in nanoseconds, shifts of the layout in thousandths.
"""
import contextlib
import http.client
import itertools
import json
import os
import sys
import threading
import time
import urllib.parse
import visit

NAMES = [f"fn-{number:05}" for number in range(10_000)]
VIEWS = [
    "#/functions", "#/new?how=code", "#/functions", "#/new?how=image", "#/functions", "#/new?how=command",
    "#/functions", "#/new?how=yaml", *(f"#/functions/fn-00000{tab}" for tab in [
        "", "/invoke", "/logs", "/why", "/charts", "/events", "/triggers", "/edit"]),
    "#/platform", "#/platform/settings", "#/platform/access", "#/docs", "#/docs/getFunction", "#/login", "#/functions",
]
# Each key changes the first row of the list.
WORDS = ["1234", "98", "77", "56"]
UPDATES, CHART_LOADS = (3600, 360) if "F2S_SOAK" in os.environ else (600, 60)
UPDATED_ROWS, UPDATES_AT_ONCE = 20, 600

# Defines the names that the measurements use, before the page's own script runs. A callback just before the paint of a
# frame sends a message, so the frame is over when the message arrives.
OBSERVE = """
(() => {
  const measured = window.measured = {shift: 0, rowAt: 0, listAt: 0, updates: 0};
  window.afterFrame = (run) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => run(performance.now());
    channel.port2.postMessage(null);
  });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) measured.shift += entry.value;
  }).observe({type: "layout-shift", buffered: true});
  const loading = new MutationObserver(() => {
    if (!document.querySelector("tbody th a")) return;
    loading.disconnect();
    measured.rowAt = performance.now();
    afterFrame((now) => { measured.listAt = now; });
  });
  loading.observe(document, {childList: true, subtree: true});
})();
"""

# Returns the times of the load, in milliseconds after the begin of the navigation.
LOADED = """() => new Promise((resolve) => {
  const look = () => {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    if (!paint || !measured.listAt) return setTimeout(look, 10);
    resolve({paint: paint.startTime, row: measured.rowAt, list: measured.listAt});
  };
  look();
})"""

# Measures the next key from its event to the end of the frame in which the list begins with the expected name.
MEASURE_KEY = """(expected) => {
  window.answered = new Promise((resolve) => {
    let begun = 0;
    const finish = (value) => {
      list.disconnect();
      resolve(value);
    };
    const list = new MutationObserver(() => {
      if (!begun || document.querySelector("tbody th a")?.textContent !== expected) return;
      list.disconnect();
      afterFrame((now) => finish(now - begun));
    });
    list.observe(document.querySelector("main"), {childList: true, subtree: true, characterData: true});
    document.addEventListener("keydown", (event) => { begun = event.timeStamp; }, {capture: true, once: true});
    setTimeout(finish, 20_000, null);
  });
}"""

COUNT_UPDATES = """() => {
  const count = new MutationObserver(() => { measured.updates += 1; });
  const changes = {childList: true, subtree: true, characterData: true, attributes: true};
  count.observe(document.querySelector("tbody"), changes);
}"""

HOLD_FILTER = """() => {
  const input = document.querySelector("[data-filter]");
  input.focus();
  input.setSelectionRange(1, 3);
  scrollTo(0, 600);
  window.held = {input, rows: [...document.querySelectorAll("tbody tr")]};
}"""

FILTER_HELD = """() => {
  const {input, rows} = held;
  const now = [...document.querySelectorAll("tbody tr")];
  return {
    focus: document.activeElement === input && input.isConnected, text: input.value,
    selection: [input.selectionStart, input.selectionEnd], scroll: scrollY,
    rows: rows.length === now.length && rows.every((row, index) => row === now[index]),
  };
}"""

# The text that is selected is in another row than the link that has the focus.
HOLD_LINK = """() => {
  const link = document.querySelectorAll("tbody th a")[5];
  const text = document.querySelectorAll("tbody td code")[8].firstChild;
  getSelection().setBaseAndExtent(text, 1, text, 5);
  link.focus({preventScroll: true});
  scrollTo(0, 500);
  window.held = {link, text, words: getSelection().toString()};
}"""

LINK_HELD = """() => {
  const {link, text, words} = held;
  return {
    focus: document.activeElement === link && link.isConnected, text: link.textContent, scroll: scrollY,
    selection: words.length === 4 && getSelection().toString() === words && getSelection().anchorNode === text,
  };
}"""

# Passes the streams of changes on to the page and remembers their rows. `replay` sends changes of these rows instead.
RECORD = """
(() => {
  const fetched = window.fetch;
  const recorder = window.recorder = {rows: new Map(), last: null, isReplaying: false, send: null};
  const keep = (block) => {
    const line = block.split("\\n").find((part) => part.startsWith("data:"));
    if (!line) return;
    recorder.last = JSON.parse(line.slice(5));
    for (const row of recorder.last.items) recorder.rows.set(row.name, row);
  };
  window.fetch = async (target, options) => {
    const response = await fetched(target, options);
    if (!String(target).startsWith("/changes?") || !response.ok) return response;
    const reader = response.body.getReader();
    const [decoder, encoder] = [new TextDecoder(), new TextEncoder()];
    let text = "";
    const pass = async (controller) => {
      recorder.send = (event) => controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\\n\\n`));
      for (;;) {
        const {done, value} = await reader.read();
        if (done) return controller.close();
        if (recorder.isReplaying) continue;
        controller.enqueue(value);
        const blocks = (text + decoder.decode(value, {stream: true})).split("\\n\\n");
        text = blocks.pop();
        blocks.forEach(keep);
      }
    };
    const body = new ReadableStream({
      start: (controller) => void pass(controller).catch((error) => controller.error(error)),
      cancel: (reason) => reader.cancel(reason),
    });
    return new Response(body, {status: response.status, headers: response.headers});
  };
  const changed = (row, number) => ({
    ...row, ready: number % 3, desired: number % 3, state: number % 3 === 0 ? "idle" : "ready",
    rate: (number % 97) / 7, rates: row.rates.map((_, index) => (number + index) % 13),
    p95Seconds: (1 + number % 50) / 1000, coldStartSeconds: (1 + number % 40) / 100,
  });
  window.replay = async ([first, count, length]) => {
    recorder.isReplaying = true;
    const rows = [...recorder.rows.values()];
    for (let number = first; number < first + count; number += 1) {
      const items = Array.from({length}, (_, index) => changed(rows[(number * length + index) % rows.length], number));
      recorder.send({...recorder.last, items, removed: []});
      // The page shows the change in the next frame.
      await new Promise((resolve) => setTimeout(resolve));
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  };
})();
"""

# Lets the page load charts a hundred times as often, each time with the values in another order.
HASTEN = """
(() => {
  const [fetched, repeat] = [window.fetch, window.setInterval];
  window.setInterval = (run, pause, ...rest) => repeat(run, pause >= 10_000 ? pause / 100 : pause, ...rest);
  window.loads = 0;
  const turned = (value, by) => {
    if (Array.isArray(value)) return value.map((_, index) => value[(index + by) % value.length]);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, turned(part, by)]));
  };
  window.fetch = async (target, options) => {
    const response = await fetched(target, options);
    if (!String(target).includes("/charts?") || !response.ok) return response;
    const charts = await response.json();
    window.loads += 1;
    const body = JSON.stringify({...charts, series: turned(charts.series, window.loads)});
    return new Response(body, {status: response.status, headers: response.headers});
  };
})();
"""


def nanoseconds(milliseconds):
    return round(milliseconds * 1_000_000)


def median(values):
    return sorted(values)[len(values) // 2]


@contextlib.contextmanager
def visit_console(findings):
    """Opens a page. A response with an error status is an error, too, because nothing here provokes one."""
    with visit.open(findings) as page:
        page.on("response", lambda response: response.status >= 400
                and findings["errors"].append(f"{response.status} {response.url}"))
        yield page


def open_list(page, console, *scripts):
    """Opens the list, and returns when it shows rows and follows their changes."""
    for script in [OBSERVE, *scripts]:
        page.add_init_script(script)
    page.goto(console + "/")
    page.locator("tbody th a").first.wait_for()
    # The stream of changes begins 300 ms after the rows.
    page.wait_for_timeout(1000)


class Transfer:
    """Counts the bytes of the console's own files, as they were transferred."""

    def __init__(self, page, console):
        self.console, self.urls, self.sizes = console, {}, {}
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self.begin)
        session.on("Network.loadingFinished", self.end)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def begin(self, event):
        self.urls[event["requestId"]] = event["request"]["url"]

    def end(self, event):
        self.sizes[event["requestId"]] = event["encodedDataLength"]

    def files(self):
        """Returns the bytes by file: the document, the scripts and the style sheets. Guides are content."""
        sizes = {}
        for request, path in self.requests().items():
            sizes[path] = sizes.get(path, 0) + round(self.sizes[request])
        return sizes

    def requests(self):
        paths = {request: url.split("#")[0].removeprefix(self.console) for request, url in self.urls.items()}
        return {request: path for request, path in paths.items()
                if path == "/" or path.startswith("/page/") and not path.endswith(".md")}

    def is_complete(self):
        return self.requests().keys() <= self.sizes.keys()


class Memory:
    """Measures the memory of a page after the collection of its garbage."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable")
        self.first = self.measure()

    def measure(self):
        for _ in range(3):
            self.session.send("HeapProfiler.collectGarbage")
        usage = self.session.send("Runtime.getHeapUsage")
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        counts = {metric["name"]: round(metric["value"]) for metric in metrics}
        # Elements are in the heap of the embedder.
        size = usage["usedSize"] + usage.get("embedderHeapUsedSize", 0)
        return {"bytes": round(size), "nodes": counts["Nodes"], "listeners": counts["JSEventListeners"]}

    def growth(self):
        """Returns the growth since the first measurement, and the bytes of that one."""
        now = self.measure()
        return {"before": self.first["bytes"], **{name: now[name] - self.first[name] for name in now}}


class Caller(threading.Thread):
    """Invokes functions one after the other, over and over, in a `with` statement."""

    def __init__(self, public, names, pause):
        super().__init__(daemon=True)
        self.address, self.names, self.pause = urllib.parse.urlsplit(public), names, pause
        self.is_over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()

    def run(self):
        for name in itertools.cycle(self.names):
            if self.is_over.wait(self.pause):
                return
            get(self.address, f"/invoke/{name}")


def get(address, path):
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def wait_until(page, what, holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s, but this did not happen: {what}")
        page.wait_for_timeout(200)


def wait_for_updates(page, count):
    start = page.evaluate("measured.updates")
    wait_until(page, f"{count} updates", lambda: page.evaluate("measured.updates") >= start + count)


def paint(findings, console, _):
    first, again = [], []
    for _ in range(3):
        with visit_console(findings) as page:
            page.add_init_script(OBSERVE)
            # It makes the browser load all files each time.
            Transfer(page, console)
            for loads in [first, again, again, again]:
                page.goto(console + "/")
                loads.append(page.evaluate(LOADED))
    for name, loads in [("first", first), ("again", again)]:
        findings[name] = {
            moment: nanoseconds(median([load[moment] for load in loads])) for moment in ["paint", "row", "list"]}
    with visit_console(findings) as page:
        type_filter(page, console, findings)
    with visit_console(findings) as page:
        visit_all(page, console, findings)


def type_filter(page, console, findings):
    open_list(page, console)
    findings["shown"] = page.locator("tbody tr").count()
    page.locator("[data-filter]").focus()
    times = []
    for word in WORDS:
        steps = [(word[length], word[:length + 1]) for length in range(len(word))]
        steps += [("Backspace", word[:length]) for length in reversed(range(len(word)))]
        for key, text in steps:
            page.evaluate(MEASURE_KEY, next(name for name in NAMES if text in name))
            page.keyboard.press(key)
            time_shown = page.evaluate("answered")
            if time_shown is None:
                raise AssertionError(f"the list does not show the functions with “{text}”")
            times.append(nanoseconds(time_shown))
    findings["keystrokes"] = times


def visit_all(page, console, findings):
    transfer = Transfer(page, console)
    page.goto(console + "/")
    page.locator("tbody th a").first.wait_for()
    for view in VIEWS:
        page.evaluate("(view) => { location.hash = view; }", view)
        page.locator("main h1").wait_for()
        page.wait_for_timeout(400)
    wait_until(page, "all files have arrived", transfer.is_complete)
    findings["files"] = transfer.files()
    findings["transfer"] = sum(findings["files"].values())


def live(findings, console, public):
    with visit_console(findings) as page, Caller(public, NAMES[:40], 0.2):
        open_list(page, console)
        page.locator("[data-filter]").fill("fn-0")
        page.wait_for_timeout(1000)
        page.evaluate(COUNT_UPDATES)
        wait_for_updates(page, 3)
        begun, memory = time.monotonic(), Memory(page)
        page.evaluate("() => { measured.updates = 0; }")
        page.evaluate(HOLD_FILTER)
        wait_for_updates(page, 8)
        findings["filter"] = page.evaluate(FILTER_HELD)
        page.evaluate(HOLD_LINK)
        wait_for_updates(page, 8)
        findings["link"] = page.evaluate(LINK_HELD)
        page.wait_for_timeout(max(1, 1000 * (begun + 30 - time.monotonic())))
        findings["updates"] = page.evaluate("measured.updates")
        findings["seconds"] = round(time.monotonic() - begun)
        findings["growth"] = memory.growth()
        findings["shift"] = round(1000 * page.evaluate("measured.shift"))


def hour(findings, console, public):
    with visit_console(findings) as page:
        with Caller(public, NAMES[:5], 0.2):
            open_list(page, console, RECORD)
            wait_until(page, "rows are recorded", lambda: page.evaluate("recorder.rows.size") >= 100)
        page.evaluate("replay", [0, 100, UPDATED_ROWS])
        page.evaluate(COUNT_UPDATES)
        memory = Memory(page)
        for first in range(0, UPDATES, UPDATES_AT_ONCE):
            page.evaluate("replay", [first, UPDATES_AT_ONCE, UPDATED_ROWS])
        findings["updates"], findings["sent"] = page.evaluate("measured.updates"), UPDATES
        findings["growth"] = memory.growth()


def charts(findings, console, public):
    name, address = NAMES[0], urllib.parse.urlsplit(public)
    with visit_console(findings) as page, Caller(public, [name], 0.1):
        def has_values():
            series = json.loads(get(address, f"/functions/{name}/charts"))["series"]
            return any(value for values in series["requests"].values() for value in values)
        wait_until(page, "the function has time series", has_values)
        page.add_init_script(HASTEN)
        page.goto(f"{console}/#/functions/{name}/charts")
        page.locator(".chart .series").first.wait_for(state="attached")
        wait_until(page, "the charts are loaded again", lambda: page.evaluate("loads") >= 20)
        memory = Memory(page)
        start = page.evaluate("loads")
        wait_until(
            page, f"{CHART_LOADS} loads", lambda: page.evaluate("loads") >= start + CHART_LOADS, seconds=200)
        findings["loads"] = page.evaluate("loads") - start
        findings["growth"] = memory.growth()


def main():
    part, console, public = sys.argv[1:]
    findings = {}
    {"paint": paint, "live": live, "hour": hour, "charts": charts}[part](findings, console, public)
    visit.print_findings(findings)


main()
