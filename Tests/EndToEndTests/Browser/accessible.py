#!/usr/bin/env python3
"""Examines the accessibility of the console's views with a real browser, Debian's Chromium, for one test.

    accessible.py start CONSOLE USER        the views before there is a function, from the log-in on
    accessible.py functions CONSOLE USER    the views of three functions: greeting, which was invoked; broken, which
                                            does not start; and idle, which has no replica

CONSOLE is the origin of the console. The user's password is the name and "-pw". Each view is examined with all default
rules of axe in light and dark colours, and must be no wider than windows of 360, 768 and 1440 pixels, and of 1280
pixels at a zoom of 400 %. The findings are printed as one JSON object: `views` are counted once, `checks` are the runs
of axe and the widths, `violations` are those of axe and of the content security policy.
"""
import sys
import visit
from axe_playwright_python.base import AXE_SCRIPT

WIDTHS = [360, 768, 1440]
WIDTH, HEIGHT, ZOOM = 1280, 1024, 4

# Returns the rules that are violated, and where.
RUN_AXE = """async () => {
  const {violations} = await axe.run(document, {resultTypes: ["violations"]});
  return violations.map(({id, help, nodes}) => `${id}: ${help}: `
    + nodes.map(({target, failureSummary}) => `${target.join(" ")} (${failureSummary})`).join("; "));
}"""

# Returns the innermost elements that are wider than the window or a dialog, unless a part of the page scrolls them.
FIND_OVERFLOWS = """() => {
  const nameOf = ({localName, id, classList}) => [localName + (id && `#${id}`), ...classList].join(".");
  const found = [];
  for (const page of [document.documentElement, ...document.querySelectorAll("dialog[open]")]) {
    const {scrollWidth, clientWidth} = page;
    if (scrollWidth <= clientWidth) continue;
    const end = page.getBoundingClientRect().left + page.clientLeft + clientWidth;
    const scrolls = (element) => element !== page && element !== null
      && (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
    const isWide = (element) => element.getBoundingClientRect().right > end + 0.5 && !scrolls(element.parentElement);
    const wide = [...page.querySelectorAll("*")].filter(isWide);
    const inner = wide.filter((element) => !wide.some((other) => other !== element && element.contains(other)));
    found.push(`${scrollWidth} instead of ${clientWidth} pixels: `
      + inner.slice(0, 5).map((element) => `${nameOf(element.parentElement)} > ${nameOf(element)}`).join(", "));
  }
  return found;
}"""

# Waits until two frames have been painted.
PAINTED = "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())))"


class Console:
    """The console's page, and what was found in it. A zoomed page is examined for its width only."""

    def __init__(self, page, console, findings, is_zoomed):
        self.page, self.console, self.findings, self.is_zoomed = page, console, findings, is_zoomed
        page.emulate_media(reduced_motion="reduce")
        page.goto(console + "/")
        if not is_zoomed:
            page.evaluate(AXE_SCRIPT)

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True).first

    def wait_for(self, selector):
        # Charts and lines of a log may be out of sight.
        self.page.locator(selector).first.wait_for(state="attached")

    def open(self, target, selector):
        self.page.evaluate("(target) => { location.hash = target; }", target)
        # Elements of the view before must not be taken for those of this view.
        self.page.evaluate(PAINTED)
        self.wait_for(selector)

    def look(self, view, target=None, selector=None):
        """Examines the view, after it has opened a hash and an element of the view is there, if they are given."""
        if target:
            self.open(target, selector)
        elif selector:
            self.wait_for(selector)
        self.page.evaluate(PAINTED)
        if self.is_zoomed:
            self.look_for_overflows(view, f"{WIDTH} pixels at {100 * ZOOM} %")
            return
        self.findings["views"] += 1
        for colors in ["light", "dark"]:
            self.page.emulate_media(color_scheme=colors)
            self.findings["checks"] += 1
            self.add("violations", f"{view}, {colors}", self.page.evaluate(RUN_AXE))
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": HEIGHT})
            self.look_for_overflows(view, f"{width} pixels")
        self.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})

    def look_for_overflows(self, view, width):
        self.findings["checks"] += 1
        self.add("overflows", f"{view}, {width}", self.page.evaluate(FIND_OVERFLOWS))

    def add(self, kind, where, found):
        self.findings[kind] += [f"{where}: {finding}" for finding in found]
        if found:
            visit.keep_picture(self.page, self.findings, where)

    def look_at_dialog(self, view, open_dialog):
        open_dialog()
        self.page.get_by_role("dialog").wait_for()
        self.look(view)
        self.page.keyboard.press("Escape")
        self.page.get_by_role("dialog").wait_for(state="detached")

    def open_details(self, selector="main details"):
        """Opens what can be opened."""
        self.page.evaluate(
            "(selector) => { for (const part of document.querySelectorAll(selector)) part.open = true; }", selector)


def look_at_login(it, user):
    it.look("log-in", selector=".login form")
    it.button("Log in").click()
    it.look("log-in without a name", selector=".login [aria-invalid]")
    visit.sign_in(it.page, user)


def look_at_start(it, user):
    look_at_login(it, user)
    it.look("list without a function", "#/functions", ".first")
    it.page.locator("#caller summary").click()
    it.look("account", selector="#caller .menu-content p")
    it.page.keyboard.press("Escape")
    it.look_at_dialog("keyboard shortcuts", lambda: it.page.keyboard.press("?"))
    it.look("no such view", "#/nothing", "text=There is no such view")
    look_at_new(it)
    look_at_docs(it)
    it.look("settings", "#/platform/settings", "table.settings")
    it.look("access", "#/platform/access", "main table.cards")


def look_at_new(it):
    it.look("new function: code", "#/new?how=code", ".code textarea")
    it.button("Save").click()
    it.wait_for(".edit .problem a")
    it.open_details()
    for name in ["Add a variable", "Add a source"]:
        it.button(name).click()
    it.look("new function: all fields and errors", selector=".row select")
    it.look_at_dialog("name of a file", it.button("Add a file").click)
    it.look("new function: image", "#/new?how=image", ".form > fieldset .problem.warn")
    it.look("new function: command", "#/new?how=command", ".form > fieldset textarea")
    it.open("#/functions", ".first")
    it.look("new function: YAML", "#/new?how=yaml", ".edit > .note")


def look_at_docs(it):
    it.look("docs", "#/docs", ".operations")
    it.open("#/docs/getCluster", ".try")
    it.button("Send GET").click()
    it.wait_for(".try pre:not([hidden]):not(:empty)")
    it.open_details(".operations details[open] details")
    it.look("operation with an answer")
    it.look("guide", "#/docs/guide/functions.md", ".markdown table")


def look_at_functions(it, user):
    visit.sign_in(it.page, user)
    it.look("list", "#/functions", "tbody th a")
    it.look("list without a match", "#/functions?filter=nothing", ".list .empty")
    look_at_greeting(it)
    look_at_broken(it)
    it.look("function at zero", "#/functions/idle", ".function .facts")
    it.open("#/platform", ".findings li")
    it.look("platform with findings", selector=".filled .facts")
    # F2S counts every ten seconds.
    it.look("charts", "#/functions/greeting/charts", ".chart .series")
    while it.button("Show as table").count():
        it.button("Show as table").click()
    it.look("charts as tables", selector=".chart table")


def look_at_greeting(it):
    it.look("overview", "#/functions/greeting", ".history li")
    it.look_at_dialog("deletion", it.button("Delete…").click)
    it.look("invocation", "#/functions/greeting/invoke", ".request")
    it.button("Send").click()
    it.wait_for(".answer .body")
    it.open_details()
    it.look("answer")
    it.look_at_dialog("test event", it.button("Save as test event").click)
    it.look("log", "#/functions/greeting/logs", ".log pre")
    it.look("why", "#/functions/greeting/why", "[role=tabpanel] ul.rows li")
    it.look("events", "#/functions/greeting/events", "[role=tabpanel] ol.rows li")
    it.look("triggers", "#/functions/greeting/triggers", "[role=tabpanel] > .empty")
    it.open("#/functions/greeting/edit", ".code textarea")
    it.button("Dry run").click()
    it.open_details()
    it.wait_for(".versions li")
    it.look("edit with its manifest", selector=".manifest .copies:not([hidden])")


def look_at_broken(it):
    it.look("overview of a failure", "#/functions/broken", ".function > .problem")
    it.open("#/functions/broken/invoke", ".request")
    it.button("Send").click()
    it.look("answer of a failure", selector=".answer .problem")
    it.look("why it failed", "#/functions/broken/why", "[role=tabpanel] .problem")
    it.look("log of a failure", "#/functions/broken/logs", ".log pre")
    it.open("#/functions/broken/edit?file=handler.py&line=3", ".code textarea")
    it.look("edit with an error", selector=".code [aria-invalid]")


def main():
    part, console, user = sys.argv[1:]
    findings = {"views": 0, "checks": 0, "overflows": []}
    for scale in [1, ZOOM]:
        with visit.open(findings, width=WIDTH // scale, height=HEIGHT // scale, scale=scale) as page:
            it = Console(page, console, findings, scale == ZOOM)
            {"start": look_at_start, "functions": look_at_functions}[part](it, user)
    visit.print_findings(findings)


main()
