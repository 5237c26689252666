#!/usr/bin/env python3
"""Puts texts that attack a page into everything that the console shows, with a real browser, Debian's Chromium.

    injections.py typed CONSOLE PUBLIC FOLDER       types them into forms, filters and the hash
    injections.py declared CONSOLE PUBLIC FOLDER    declares functions with them, and rejected manifests
    injections.py answered CONSOLE PUBLIC FOLDER    has functions send them, log them, and fail with them

CONSOLE and PUBLIC are the origins of the two listeners, FOLDER is the folder of the manifests. Each text must appear as
a text: it creates no element and no attribute, runs no script, opens no dialog, loads nothing and leads nowhere. The
findings are printed as one JSON object: `places` has the number of texts per place, `failures` the defects.
"""
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import visit

# `{n}` is replaced by a number, and `{s}` by a statement that shows that the text has become a script.
PATTERNS = [
    "<script>{s}</script>",
    "<img src=x onerror={s}>",
    "<svg onload={s}></svg>",
    "<svg><animate onbegin={s} attributeName=x></svg>",
    "\"><img src=x onerror={s}>",
    "' autofocus onfocus={s} x='",
    "</textarea></title></style><script>{s}</script>",
    "]]><script>{s}</script>-->",
    "<iframe srcdoc=\"<script>parent.pwned={n}</script>\"></iframe>",
    "<iframe src=javascript:parent.pwned={n}></iframe>",
    "<meta http-equiv=refresh content=\"0;url=//evil.invalid/pwned={n}\">",
    "<base href=https://evil.invalid/pwned={n}>",
    "<form><button formaction=javascript:{s}>go</button></form>",
    "<a href=javascript&colon;{s}>go</a>",
    "&lt;script&gt;{s}&lt;/script&gt;",
    "&#60;img src=x onerror={s}&#62;",
    "${{s}}`${{s}}`",
    "{{constructor.constructor('{s}')()}}",
    "<style>*{background:url(https://evil.invalid/pwned={n})}</style>",
    "<link rel=stylesheet href=https://evil.invalid/pwned={n}>",
    "<details open ontoggle={s}>go</details>",
    "<object data=\"data:text/html,<script>parent.pwned={n}</script>\"></object>",
    "<math><a xlink:href=javascript:{s}>go</a></math>",
    "[go](javascript:{s})",
    "![go](javascript:{s})",
    "[go](data:text/html,<script>opener.pwned={n}</script>)",
    "[go](java&#115;cript:{s})",
    "[go](<javascript:{s}>)",
    "[go][r]\n\n[r]: javascript:{s}",
    "<javascript:{s}>",
    "javascript:{s}",
    "\u202e<b>{s}</b>\u202c\u2066\u200b\u200d\ufeff",
    "\x1b[31m{s}\x1b]0;title\x07\x1b[2J",
    "a\x00<script>{s}</script>",
    "__proto__",
    "constructor.prototype",
]
if "F2S_SOAK" not in os.environ:
    # 21 of all kinds.
    PATTERNS = [pattern for index, pattern in enumerate(PATTERNS) if index % 12 < 7]

# Remembers the elements of the page itself, and counts violations of its policy.
PREPARE = """
window.prepared = {dangerous: "script, img, iframe, frame, object, embed, base, link, meta, style, math, template,"
  + " audio, video, animate, foreignObject, form[action], [formaction], [srcdoc]", own: new Set(), violations: []};
document.addEventListener("securitypolicyviolation", (event) =>
  prepared.violations.push(`${event.effectiveDirective} ${event.blockedURI}`));
document.addEventListener("DOMContentLoaded", () => {
  for (const element of document.querySelectorAll(prepared.dangerous)) prepared.own.add(element);
});
"""

# Returns the texts, titles and values of elements.
SHOWN = """(selector) => [...document.querySelectorAll(selector)].map((element) => {
  if (element.matches("input, textarea")) return element.value;
  // An element that is not rendered has no inner text.
  const isHidden = element.matches("option, .log, .log *") || element.closest("details:not([open])");
  const text = isHidden ? element.textContent : element.innerText;
  return `${element.title} ${text}`;
}).join("\\n")"""

# Returns the elements, attributes and effects that a text has caused.
EXAMINE = """() => {
  const {dangerous, own, violations} = prepared;
  const found = [...document.querySelectorAll(dangerous)].filter((element) => !own.has(element))
    .map((element) => `element ${element.outerHTML.slice(0, 100)}`);
  const targets = /^(href|src|action|formaction|xlink:href|data|poster|background|ping)$/i;
  for (const element of document.querySelectorAll("*")) {
    for (const {name, value} of own.has(element) ? [] : element.attributes) {
      const target = value.replace(/[^!-~]/g, "").toLowerCase();
      const isTarget = targets.test(name) && /^(javascript|data|vbscript|https?:..evil)/.test(target);
      if (/^on/i.test(name) || isTarget) found.push(`attribute ${name}=${value.slice(0, 100)}`);
    }
  }
  if (window.pwned !== undefined || "pwned" in {}) found.push(`script ${window.pwned}`);
  if (Object.keys(Object.prototype).length > 0) found.push("a member of every object");
  return [...found, ...violations.splice(0)];
}"""

TYPE = """(element, text) => {
  element.focus();
  element.value = text;
  element.dispatchEvent(new InputEvent("input", {bubbles: true}));
}"""

# The script waits for each text that is not shown, so it ends after a few.
FAILURES_MAX = 5

# No proxy of the environment must see the requests.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Attack:
    """A text, and the part of it that stays when it is escaped, quoted or rendered as Markdown."""

    def __init__(self, index, pattern):
        number = 101 + index
        self.index = index
        self.text = pattern.replace("{s}", f"window.pwned={number}").replace("{n}", str(number))
        self.mark = f"pwned={number}" if "pwned" in self.text else self.text.strip("_")
        # Other texts may appear with escapes, or divided into lines.
        self.is_plain = self.text.isprintable()
        self.is_valid_text = "\0" not in self.text

    @property
    def encoded(self):
        return urllib.parse.quote(self.text, safe="")


ATTACKS = [Attack(index, pattern) for index, pattern in enumerate(PATTERNS)]
DECLARED = [attack for attack in ATTACKS if attack.is_valid_text]


def normal(text):
    return " ".join(text.split())


class Console:
    """The page of the console, and the findings in it."""

    def __init__(self, page, console, findings):
        self.page, self.console, self.findings = page, console, findings
        page.on("dialog", self.close_dialog)
        page.on("popup", lambda popup: self.fail("popup", popup.url))
        page.on("framenavigated", lambda frame: frame.url.startswith(console) or self.fail("navigation", frame.url))
        page.add_init_script(PREPARE)
        page.goto(console + "/")
        page.locator("main h1").wait_for()

    def close_dialog(self, dialog):
        self.fail("dialog", dialog.message)
        dialog.dismiss()

    def fail(self, place, finding):
        self.findings["failures"].append(f"{place}: {finding}")

    def open(self, target):
        self.page.evaluate("(target) => { location.hash = target; }", target)

    def type(self, selector, text):
        self.page.locator(selector).first.evaluate(TYPE, text)

    def click(self, name):
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def see(self, place, attack, selector, wanted=None):
        """Waits until the elements of a selector show a text, by default the whole one, and examines the page."""
        wanted = normal(wanted or (attack.text if attack.is_plain else attack.mark))
        end = time.monotonic() + 20
        while wanted not in normal(self.page.evaluate(SHOWN, selector)):
            if time.monotonic() > end:
                shown = normal(self.page.evaluate(SHOWN, selector))
                self.fail(place, f"shows {shown[:300]!r} instead of {wanted!r}")
                if len(self.findings["failures"]) >= FAILURES_MAX:
                    raise AssertionError("\n".join(self.findings["failures"]))
                break
            self.page.wait_for_timeout(20)
        else:
            self.findings["places"][place] = self.findings["places"].get(place, 0) + 1
        self.examine(place, attack)

    def see_mark(self, place, attack, selector):
        """Waits until the elements of a selector show the mark of a text, and examines the page."""
        self.see(place, attack, selector, attack.mark)

    def see_if_valid(self, place, attack, selector, wanted=None):
        """Sees a text. F2S may refuse one with a zero byte without repeating it."""
        if attack.is_valid_text:
            self.see(place, attack, selector, wanted)
        else:
            self.look(place, attack)

    def look(self, place, attack):
        """Examines the page soon, whatever it shows then."""
        self.page.wait_for_timeout(200)
        self.examine(place, attack)

    def examine(self, place, attack):
        for finding in self.page.evaluate(EXAMINE):
            self.fail(place, f"{attack.text!r} has become: {finding}")


def function(name, spec, target, **metadata):
    return {
        "apiVersion": "f2s.opensight.ch/v1alpha1", "kind": "Function", "metadata": {"name": name, **metadata},
        "spec": {"endpoint": f"/{name}", **spec}, "target": target,
    }


def manifest_with(attack):
    """Returns a manifest that F2S rejects because it does not know a field, and names that field."""
    return json.dumps(function("rejected", {}, {"command": ["true"], attack.text: 1}))


def declare(public, declaration):
    target = f"{public}/functions/{declaration['metadata']['name']}"
    body, kind = json.dumps(declaration).encode(), {"Content-Type": "application/json"}
    try:
        OPENER.open(urllib.request.Request(target, body, kind, method="PUT"), timeout=30).close()
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{target}: {error.read().decode()}") from error


def python_source(code):
    return {"source": {"runtime": "python", "files": {"handler.py": code}}}


# Typed


def typed(page, console, findings, *_):
    it = Console(page, console, findings)
    it.open("#/new?how=command")
    page.get_by_label("Name", exact=True).first.wait_for()
    for attack in ATTACKS:
        it.type(".form .field input", attack.text)
        it.see_if_valid("name", attack, ".form .field .error")
    # Another view ends the form, and its draft must not fill the next one.
    it.open("#/functions")
    page.locator("[data-filter]").wait_for()
    for attack in ATTACKS:
        it.type("[data-filter]", attack.text)
        it.see("filter", attack, "[data-filter]")
        it.see_if_valid("filter without a match", attack, ".empty")
    type_hashes(it)
    search_docs(it)


def type_manifests(page, console, findings, *_):
    it = Console(page, console, findings)
    it.open("#/new?how=yaml")
    page.locator(".manifest textarea").wait_for()
    for attack in ATTACKS:
        it.type(".manifest textarea", manifest_with(attack))
        it.see_if_valid("field of the manifest", attack, ".manifest .error")


def type_hashes(it):
    for attack in ATTACKS:
        it.open(f"#/functions?filter={attack.encoded}")
        it.see_if_valid("query of the hash", attack, ".empty")
        it.open(f"#/functions/{attack.encoded}")
        it.see("name in the hash", attack, "main h1")
        it.open(f"#/functions/{attack.encoded}/edit")
        it.see("edited name in the hash", attack, "main h1")
        it.open(f"#/{attack.text}")
        it.see_mark("hash", attack, "main p")
        for target in [f"#/functions?state={attack.encoded}&sort={attack.encoded}", f"#/docs/guide/{attack.encoded}"]:
            it.open(target)
            it.look("refused hash", attack)


def search_docs(it):
    for attack in ATTACKS:
        it.open(f"#/docs?search={attack.encoded}")
        it.see("search", attack, ".empty")
    it.open("#/docs/checkManifest")
    it.page.locator(".try textarea").first.wait_for()
    for attack in ATTACKS:
        it.type(".try textarea", manifest_with(attack))
        it.click("Send POST")
        it.see_if_valid("answer of the API", attack, ".try [role=group]", attack.mark)


# Declared


def declared(page, console, findings, public, folder):
    for attack in DECLARED:
        declare(public, function(
            f"d{attack.index:02}", {"description": attack.text},
            {"command": ["true", attack.text], "env": {"VALUE": attack.text, "__proto__": attack.text}},
            labels={"note": attack.text}, annotations={"note": attack.text}))
    declare(public, function("javascript", {"endpoint": "/javascript:window.pwned=99"}, {"command": ["true"]}))
    it = Console(page, console, findings)
    for attack in DECLARED:
        it.open(f"#/functions/d{attack.index:02}")
        it.see_mark("Markdown", attack, ".markdown")
        it.see("command", attack, "[role=tabpanel] .facts")
        it.open(f"#/functions/d{attack.index:02}/edit")
        it.see("environment", attack, ".row textarea")
        it.see("description", attack, ".form textarea")
        it.see_mark("manifest", attack, ".manifest textarea")
    endpoint = Attack(-2, "javascript:{s}")
    it.open("#/functions?filter=javascript:window")
    it.see("endpoint", endpoint, "tbody code")
    it.open("#/functions/javascript")
    it.see("endpoint", endpoint, ".endpoint code")
    reject(it, public, folder)


def reject(it, public, folder):
    """Writes manifests with an unknown field. The overview has at most 20 rejections."""
    def wait_for(count):
        end = time.monotonic() + 30
        while len(json.load(OPENER.open(f"{public}/overview?limit=1", timeout=30))["rejections"]) != count:
            if time.monotonic() > end:
                raise AssertionError(f"waited 30 s, but F2S does not reject {count} manifests")
            time.sleep(0.1)

    for first in range(0, len(DECLARED), 15):
        attacks = DECLARED[first:first + 15]
        paths = []
        for attack in attacks:
            # A name of a file has no slash.
            paths.append(os.path.join(folder, f"{attack.index}{attack.text.replace('/', '|')}.json"))
            with open(paths[-1], "w") as file:
                file.write(manifest_with(attack))
        wait_for(len(attacks))
        for place, target, view in [("list", "#/functions", ".list"), ("platform", "#/platform", "[role=tabpanel]")]:
            it.page.goto(f"{it.console}/?{first}{target}")
            for attack in attacks:
                it.see(f"rejection in the {place}", attack, f"{view} .problem li")
                it.see_mark(f"rejected file in the {place}", attack, f"{view} .problem li code")
        for path in paths:
            os.remove(path)
        wait_for(0)


# Answered

SENDER = """import json

TEXTS = json.loads({texts})


def handle(request):
    text = TEXTS[int(request.query["n"])]
    print(text)
    fields = {{"Content-Type": "text/html"}}
    if text.isascii() and text.isprintable():
        fields["X-Attack"] = text
    return 200, fields, text
"""


def answered(page, console, findings, public, _):
    texts = json.dumps(json.dumps([attack.text for attack in ATTACKS]))
    declare(public, function("sender", {"method": "POST"}, python_source(SENDER.format(texts=texts))))
    it = Console(page, console, findings)
    it.open("#/functions/sender/invoke")
    page.locator(".request-line input").wait_for()
    page.evaluate("() => { document.querySelector('.request details').open = true; }")
    for attack in ATTACKS:
        is_field = attack.text.isascii() and attack.is_plain
        it.type(".request-line input", f"?n={attack.index}&text={attack.text}")
        it.type(".request details .field:nth-of-type(1) textarea", f"X-Typed: {attack.text}" if is_field else "")
        it.type(".request details .field:nth-of-type(2) textarea", attack.text)
        it.click("Send")
        it.see("body", attack, ".answer .body")
        if is_field:
            it.see("header", attack, ".answer details:first-of-type pre", f"ttack: {attack.text}")
        it.see_mark("path", attack, ".answer-head code")
        it.see_mark("call for curl", attack, ".answer details:last-of-type pre")
        it.click("Save as test event")
        it.type("dialog input", attack.text)
        page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
        it.see("test event", attack, "select[data-function] option")
    it.open("#/functions/sender/logs")
    for attack in ATTACKS:
        it.see("log", attack, ".log")
    for attack in ATTACKS:
        it.type(".log-panel input", attack.text)
        if attack.is_plain:
            it.see("filter of the log", attack, ".log")


def failed(page, console, findings, public, _):
    for attack in ATTACKS:
        code = f"raise RuntimeError({ascii(attack.text)})\n"
        declare(public, function(f"e{attack.index:02}", {}, python_source(code)))
    it = Console(page, console, findings)
    for attack in ATTACKS:
        view = f"#/functions/e{attack.index:02}"
        it.open(f"{view}/invoke")
        page.get_by_role("heading", level=1, name=f"e{attack.index:02}", exact=True).wait_for()
        it.click("Send")
        it.see("problem", attack, ".answer .problem")
        it.open(f"{view}/why")
        it.see("failure", attack, "[role=tabpanel] .problem")
        it.see_mark("condition", attack, "[role=tabpanel] ul.rows")
        it.open(f"{view}/events")
        it.see_mark("event", attack, "[role=tabpanel] ol.rows")
        it.open(f"{view}/logs")
        it.see("log of a failure", attack, ".log")
        it.open(view)
        it.see_mark("notice", attack, ".function .problem")
    it.open("#/functions?state=attention")
    for attack in ATTACKS:
        it.see_mark("title of the state", attack, "tbody .state")
    it.open("#/platform")
    # It shows the first 20.
    for attack in ATTACKS[:20]:
        it.see_mark("finding", attack, ".findings li")


PARTS = {"typed": [typed, type_manifests], "declared": [declared], "answered": [answered, failed]}


def main():
    part, console, *others = sys.argv[1:]
    findings = {"failures": [], "places": {}, "strings": len(ATTACKS)}
    for run in PARTS[part]:
        with visit.open(findings) as page:
            run(page, console, findings, *others)
    visit.print_findings(findings)


main()
