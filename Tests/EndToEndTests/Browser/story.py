#!/usr/bin/env python3
"""Uses the console as a beginner does, with a real browser, Debian's Chromium, for one test.

    story.py CONSOLE [USER]    writes a function, invokes it, breaks it, repairs it, reads its log, and deletes it

CONSOLE is the origin of the console. A user's password is the name and "-pw". The findings are printed as one JSON
object. F2S_SCREENSHOTS names a folder for pictures of the pages, and F2S_COLORS is light or dark.
"""
import json
import os
import sys
from playwright.sync_api import sync_playwright

FOLDER = os.environ.get("F2S_SCREENSHOTS")


class Story:
    def __init__(self, context, console, findings):
        self.findings = findings
        self.console = console
        self.clicks = 0
        self.page = page = context.new_page()
        page.set_default_timeout(60_000)
        # The browser reports each response with an error status: a function that is not declared is looked for.
        page.on("console", lambda message: message.type == "error" and "the server responded with" not in message.text
                and findings["errors"].append(message.text))
        page.on("pageerror", lambda error: findings["errors"].append(str(error)))
        page.on("request", lambda request: request.url.startswith((console, "data:", "blob:"))
                or findings["foreign"].append(request.url))
        page.on("response", lambda response: findings["files"].append(response.url)
                if response.url.startswith(console + "/page/") else None)

    def click(self, role, name):
        self.page.get_by_role(role, name=name, exact=True).first.click()
        self.clicks += 1

    def picture(self, name):
        if FOLDER:
            self.page.screenshot(path=f"{FOLDER}/{name}.png")

    def write(self, label, text):
        self.page.get_by_label(label, exact=True).first.fill(text)

    def answer(self, text):
        """Waits until an invocation is answered with a text, and returns the line with its status."""
        page = self.page
        page.locator("pre", has_text=text).first.wait_for()
        return page.get_by_text("200, ").first.inner_text()

    def sign_in(self, user):
        self.write("Name", user)
        self.write("Password", user + "-pw")
        self.click("button", "Log in")
        self.page.locator("#caller summary", has_text=user).wait_for()

    def create(self):
        self.picture("empty")
        self.clicks = 0
        self.click("link", "Write code")
        self.write("Name", "hello")
        self.write("handler.py", "def handle(request):\n    return 'one ' + request.query.get('name', 'you')\n")
        self.picture("create")
        self.click("button", "Save and invoke")
        self.findings["first"] = self.answer("one you")
        self.findings["clicks"] = self.clicks
        self.picture("answer")

    def save(self, code):
        self.click("link", "Edit")
        self.write("handler.py", code)
        self.click("button", "Save and invoke")

    def change(self):
        self.save("def handle(request):\n    print('in the log')\n    return 'two'\n")
        # The old revision serves until the new one does.
        self.send_until("two")

    def send_until(self, text):
        for _ in range(60):
            self.page.get_by_role("button", name="Send", exact=True).click()
            try:
                self.page.locator("pre", has_text=text).first.wait_for(timeout=1000)
                return
            except Exception:
                pass
        raise AssertionError(f"no answer {text}")

    def break_and_repair(self):
        self.save("def handle(request):\n    x = 1\n    retrun x\n")
        self.click("tab", "Why")
        self.page.get_by_text("handler.py, line 3").first.wait_for()
        self.findings["why"] = self.page.get_by_text("handler.py, line 3").first.inner_text()
        self.picture("why")
        self.save("def handle(request):\n    print('in the log')\n    return 'three'\n")
        self.send_until("three")

    def read_log(self):
        self.click("tab", "Logs")
        self.page.get_by_text("in the log").first.wait_for()
        self.picture("logs")
        self.findings["log"] = True

    def look_around(self):
        for name in ["Overview", "Charts", "Events"]:
            self.click("tab", name)
            self.page.wait_for_load_state()
            self.picture(name.lower())
        for name in ["Platform", "Docs", "Functions"]:
            self.click("link", name)
            self.page.get_by_role("heading", level=1, name=name).wait_for()
            self.picture(name.lower())

    def delete(self):
        self.page.get_by_role("link", name="hello").first.click()
        self.click("tab", "Overview")
        self.page.get_by_role("button", name="Delete").first.click()
        self.page.get_by_role("dialog").get_by_role("textbox").fill("hello")
        self.page.get_by_role("dialog").get_by_role("button", name="Delete hello").click()
        self.page.get_by_role("link", name="Write code").first.wait_for()
        self.findings["deleted"] = True


def main():
    console, *user = sys.argv[1:]
    findings = {"errors": [], "foreign": [], "files": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--no-proxy-server", "--disable-dev-shm-usage"])
        context = browser.new_context(
            color_scheme=os.environ.get("F2S_COLORS", "light"), viewport={"width": 1280, "height": 800})
        story = Story(context, console, findings)
        story.page.goto(console + "/")
        try:
            if user:
                story.sign_in(user[0])
            for part in [story.create, story.change, story.break_and_repair, story.read_log, story.look_around,
                         story.delete]:
                part()
        except Exception:
            story.picture("failure")
            raise
        findings["files"] = len(set(findings["files"]))
        browser.close()
    print(json.dumps(findings))


main()
