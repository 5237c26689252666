#!/usr/bin/env python3
"""Uses the console by keyboard alone, with a real browser, Debian's Chromium, for one test.

    keyboard.py CONSOLE USER    writes a function, invokes it, breaks it, repairs it, reads its log, and deletes it

CONSOLE is the origin of the console, which has no functions yet. The user's password is the name and "-pw". The
findings are printed as one JSON object: `tabs` is the number of presses of Tab, `most` the largest number to one
element, `failures` the elements on which the focus cannot be seen, and the places where it was lost or kept.
"""
import sys
import visit
from playwright.sync_api import expect

TABS_MAX = 60
CODE = ["def handle(request):", "    print('in the log')", "    return 'one ' + request.query.get('name', 'you')"]
BROKEN = ["def handle(request):", "    x = 1", "    retrun x"]
REPAIRED = ["def handle(request):", "    print('in the log')", "    return 'two'"]

# Returns what is wrong with the focus. Its outline or shadow, or that of the element around it, must differ from the
# one without the focus, so an element is examined again once the focus has left it.
EXAMINE = """() => {
  const look = (element) => [element, element.parentElement].map((part) => {
    const {outlineStyle, outlineWidth, outlineColor, boxShadow} = getComputedStyle(part);
    return [outlineStyle === "none" ? "" : `${outlineStyle} ${outlineWidth} ${outlineColor}`, boxShadow].join();
  }).join(" ");
  const nameOf = (element) => [element.localName, element.role ?? "", element.id,
    (element.ariaLabel ?? element.textContent).trim().slice(0, 40)].filter(Boolean).join(" ");
  const found = [];
  const element = document.activeElement;
  const last = window.examined;
  if (last && last.element !== element && last.element.isConnected && look(last.element) === last.look) {
    found.push(`nothing shows the focus of ${last.name}`);
  }
  window.examined = null;
  // A heading has the focus so that it is read aloud. It is no control.
  if (!element || element.matches("body, h1")) return found;
  const name = nameOf(element);
  window.examined = {element, name, look: look(element)};
  const [box] = element.getClientRects();
  const [left, right] = [Math.max(0, box?.left ?? 0), Math.min(innerWidth, box?.right ?? 0)];
  const [top, bottom] = [Math.max(0, box?.top ?? 0), Math.min(innerHeight, box?.bottom ?? 0)];
  if (left >= right || top >= bottom) return [...found, `${name} has the focus outside of the window`];
  const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const isCovered = hit && !hit.contains(element) && !element.contains(hit);
  if (isCovered) found.push(`${name} has the focus behind ${nameOf(hit)}`);
  return found;
}"""

HAS_FOCUS = "(elements) => elements.includes(document.activeElement)"


class Keyboard:
    """The keyboard, and what was found with it."""

    def __init__(self, page, findings):
        self.page, self.findings = page, findings
        findings.update(tabs=0, most=0, failures=[])

    def fail(self, finding):
        self.findings["failures"].append(finding)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            self.findings["failures"] += self.page.evaluate(EXAMINE)

    def type(self, text):
        self.page.keyboard.type(text)

    def element(self, role, name):
        return self.page.get_by_role(role, name=name, exact=True)

    def tab_to(self, element):
        """Presses Tab until an element has the focus."""
        element.first.wait_for()
        for count in range(1, TABS_MAX + 1):
            self.press("Tab")
            if element.evaluate_all(HAS_FOCUS):
                break
        else:
            raise AssertionError(f"{TABS_MAX} presses of Tab do not reach {element}")
        self.findings["tabs"] += count
        self.findings["most"] = max(self.findings["most"], count)

    def write_code(self, name, lines):
        """Replaces the text of the editor that has the focus."""
        self.press("Control+a")
        depth = 0
        for number, line in enumerate(lines):
            code = line.lstrip(" ")
            # The editor indents a new line as the one before.
            new_depth = (len(line) - len(code)) // 4
            if number > 0:
                self.press("Enter")
            self.press(*["Tab"] * (new_depth - depth), *["Shift+Tab"] * (depth - new_depth))
            depth = new_depth
            self.type(code)
        written = self.element("textbox", name).input_value()
        if written != "\n".join(lines):
            raise AssertionError(f"the editor contains {written!r}")

    def leave(self, name, key):
        """Leaves an editor, in which Tab indents."""
        self.press(key, "Tab")
        if self.element("textbox", name).evaluate_all(HAS_FOCUS):
            self.fail(f"{key}, then Tab, does not leave the editor")

    def see_view(self, name):
        """Waits for another view, which must have the focus."""
        self.page.get_by_role("heading", level=1, name=name, exact=True).wait_for()
        for _ in range(40):
            if self.page.evaluate("() => document.activeElement !== document.body"):
                return
            self.page.wait_for_timeout(50)
        self.fail(f"the focus is lost in the view {name}")

    def see(self, text):
        self.page.get_by_text(text).first.wait_for()

    def open_tab(self, name, *keys):
        """Goes from the tab that has the focus to another one by keys, and opens that."""
        self.press(*keys)
        if not self.element("tab", name).evaluate_all(HAS_FOCUS):
            raise AssertionError(f"{keys} do not lead to the tab {name}")
        self.press("Enter")

    def send_until(self, text):
        visit.send_until(self.page, text, lambda: self.press("Control+Enter"))


def sign_in(keyboard, user):
    page = keyboard.page
    page.get_by_role("heading", level=1, name="Log in", exact=True).wait_for()
    keyboard.tab_to(keyboard.element("link", "Skip to the content"))
    keyboard.press("Enter")
    if not page.locator("main h1").evaluate_all(HAS_FOCUS):
        keyboard.fail("the link to the content does not move the focus there")
    keyboard.tab_to(keyboard.element("textbox", "Name"))
    keyboard.type(user)
    keyboard.tab_to(page.get_by_label("Password", exact=True))
    keyboard.type(user + "-pw")
    keyboard.press("Enter")
    visit.account(page, user).wait_for()
    keyboard.see_view("Functions")


def show_shortcuts(keyboard):
    keyboard.press("?")
    dialog = keyboard.element("dialog", "Keyboard shortcuts")
    dialog.wait_for()
    keyboard.press("Escape")
    dialog.wait_for(state="detached")


def create(keyboard):
    keyboard.tab_to(keyboard.element("link", "Write code"))
    keyboard.press("Enter")
    keyboard.see_view("New function")
    keyboard.tab_to(keyboard.element("textbox", "Name"))
    keyboard.type("hello")
    keyboard.tab_to(keyboard.element("textbox", "handler.py"))
    keyboard.write_code("handler.py", CODE)
    keyboard.leave("handler.py", "Escape")
    keyboard.tab_to(keyboard.element("button", "Save and invoke"))
    keyboard.press("Enter")
    keyboard.see_view("hello")
    keyboard.page.locator("pre", has_text="one you").first.wait_for()
    keyboard.findings["first"] = keyboard.page.get_by_text("200, ").first.inner_text()


def break_code(keyboard):
    keyboard.tab_to(keyboard.element("link", "Edit"))
    keyboard.press("Enter")
    keyboard.see_view("Edit hello")
    keyboard.tab_to(keyboard.element("textbox", "handler.py"))
    keyboard.write_code("handler.py", BROKEN)
    keyboard.press("Control+Enter")
    keyboard.see_view("hello")
    keyboard.tab_to(keyboard.element("tab", "Invoke"))
    keyboard.open_tab("Why", "ArrowRight", "ArrowRight")
    keyboard.see("handler.py, line 3")
    keyboard.findings["why"] = keyboard.page.get_by_text("handler.py, line 3").first.inner_text()


def repair(keyboard):
    """Follows the link to the wrong line."""
    keyboard.tab_to(keyboard.element("link", "Line 3"))
    keyboard.press("Enter")
    keyboard.see_view("Edit hello")
    expect(keyboard.element("textbox", "handler.py")).to_be_focused(timeout=20_000)
    keyboard.write_code("handler.py", REPAIRED)
    keyboard.leave("handler.py", "Control+m")
    keyboard.press("Control+Enter")
    keyboard.see_view("hello")
    keyboard.send_until("two")


def read_log(keyboard):
    keyboard.tab_to(keyboard.element("tab", "Invoke"))
    keyboard.open_tab("Logs", "ArrowRight")
    keyboard.see("in the log")
    keyboard.press("/")
    if not keyboard.page.locator(".log-panel [data-filter]").evaluate_all(HAS_FOCUS):
        keyboard.fail("the key / does not lead to the filter")
    keyboard.type("in the log")
    keyboard.see("in the log")
    keyboard.findings["log"] = True


def delete(keyboard):
    # The filter lies behind the tabs.
    for _ in range(TABS_MAX):
        keyboard.press("Shift+Tab")
        if keyboard.element("tab", "Logs").evaluate_all(HAS_FOCUS):
            break
    keyboard.open_tab("Overview", "Home")
    keyboard.tab_to(keyboard.element("button", "Delete…"))
    keyboard.press("Space")
    expect(keyboard.element("dialog", "Delete hello?").get_by_role("textbox")).to_be_focused()
    keyboard.type("hallo")
    keyboard.press("Enter")
    keyboard.see("This is not hello.")
    keyboard.press("Control+a")
    keyboard.type("hello")
    keyboard.press("Enter")
    keyboard.see_view("Functions")
    keyboard.element("link", "Write code").wait_for()
    keyboard.findings["deleted"] = True


def main():
    console, user = sys.argv[1:]
    findings = {}
    with visit.open(findings) as page:
        keyboard = Keyboard(page, findings)
        page.goto(console + "/")
        sign_in(keyboard, user)
        show_shortcuts(keyboard)
        for part in [create, break_code, repair, read_log, delete]:
            part(keyboard)
    visit.print_findings(findings)


main()
