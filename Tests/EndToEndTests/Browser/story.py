#!/usr/bin/env python3
"""Uses the console as a beginner does, with a real browser, Debian's Chromium, for one test.

    story.py CONSOLE [--sign-in password|provider --user NAME] [--no-command]

It writes a function, invokes it, breaks it, repairs it, saves a test event, reads the log, and deletes the function. In
between it writes a command that listens on a wrong port, and repairs that; not with --no-command, because Kubernetes
runs no commands. CONSOLE is the origin of the console. A user's password is the name and "-pw". The findings are
printed as one JSON object. F2S_SCREENSHOTS names a folder for pictures of the pages, and F2S_COLORS is light or dark.
"""
import argparse
import os
import re
import visit

FOLDER = os.environ.get("F2S_SCREENSHOTS")
# A command has one argument per line. This one lists a folder, on a port that the system chooses.
LIST_FOLDER = ["python3", "-m", "http.server", "--bind", "127.0.0.1", "0"]
WRONG_PORT = "instead: make it listen on the one that the variable PORT names"


class Story:
    def __init__(self, page, console, findings):
        self.page, self.findings = page, findings
        self.clicks = 0
        self.files = set()
        page.on("response", lambda response: self.files.add(response.url)
                if response.url.startswith(console + "/page/") else None)

    def click(self, role, name):
        self.page.get_by_role(role, name=name, exact=True).first.click()
        self.clicks += 1

    def picture(self, name):
        if FOLDER:
            self.page.screenshot(path=f"{FOLDER}/{name}.png")

    def write(self, name, text):
        self.page.get_by_role("textbox", name=name, exact=True).first.fill(text)

    def answer(self, text):
        """Waits until an invocation is answered with a text, and returns the line with its status."""
        page = self.page
        page.locator("pre", has_text=text).first.wait_for()
        return page.get_by_text("200, ").first.inner_text()

    def sign_in(self, way, user):
        {"password": visit.sign_in, "provider": visit.sign_in_at_provider}[way](self.page, user)

    def create(self):
        self.page.get_by_role("link", name="Write code", exact=True).wait_for()
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
        self.send_until("two")

    def send_until(self, text):
        visit.send_until(self.page, text, self.page.get_by_role("button", name="Send", exact=True).click)

    def break_and_repair(self):
        self.save("def handle(request):\n    x = 1\n    retrun x\n")
        self.click("tab", "Why")
        self.page.get_by_text("handler.py, line 3").first.wait_for()
        self.findings["why"] = self.page.get_by_text("handler.py, line 3").first.inner_text()
        self.picture("why")
        self.save("def handle(request):\n    print('in the log')\n"
                  "    return 'three ' + request.query.get('name', 'you')\n")
        self.send_until("three you")

    def save_event(self):
        """Saves a test event, and sends it after the page was loaded again."""
        page = self.page
        path = page.get_by_label(re.compile("^Path after "))
        path.fill("?name=Ada")
        self.click("button", "Save as test event")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox", name="Name of the event", exact=True).fill("a name")
        dialog.get_by_role("button", name="Save", exact=True).click()
        path.fill("")
        page.reload()
        if path.input_value() != "":
            raise AssertionError("the path is not the one that was typed last")
        page.locator("select[data-function]").select_option("a name")
        self.send_until("three Ada")
        self.findings["event"] = path.input_value()

    def read_log(self):
        self.click("tab", "Logs")
        self.page.get_by_text("in the log").first.wait_for()
        self.picture("logs")
        self.findings["log"] = True

    def write_command(self):
        """Writes a command that listens on a wrong port, and repairs it."""
        page = self.page
        self.click("link", "Functions")
        self.click("link", "New function")
        page.get_by_role("radio", name="Command", exact=True).check()
        self.write("Name", "files")
        self.write("Command", "\n".join(LIST_FOLDER))
        self.click("button", "Save and invoke")
        self.click("tab", "Why")
        failure = page.locator(".problem", has_text=WRONG_PORT).first
        failure.wait_for()
        self.findings["wrongPort"] = failure.inner_text()
        failure.get_by_role("link", name="Edit", exact=True).click()
        self.write("Command", "\n".join([*LIST_FOLDER[:-1], "$(PORT)"]))
        self.click("button", "Save and invoke")
        self.send_until("Directory listing")
        self.delete("files")

    def look_around(self):
        self.click("link", "Functions")
        self.click("link", "hello")
        for name in ["Overview", "Charts", "Events"]:
            self.click("tab", name)
            self.page.wait_for_load_state()
            self.picture(name.lower())
        for name in ["Platform", "Docs", "Functions"]:
            self.click("link", name)
            self.page.get_by_role("heading", level=1, name=name).wait_for()
            self.picture(name.lower())
        self.click("link", "hello")

    def delete(self, name):
        """Deletes the function that is shown."""
        page = self.page
        self.click("tab", "Overview")
        page.get_by_role("button", name="Delete").first.click()
        page.get_by_role("dialog").get_by_role("textbox").fill(name)
        page.get_by_role("dialog").get_by_role("button", name=f"Delete {name}").click()
        page.get_by_role("heading", level=1, name="Functions", exact=True).wait_for()

    def delete_all(self):
        self.delete("hello")
        self.page.get_by_role("link", name="Write code", exact=True).wait_for()
        self.findings["deleted"] = True


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("console")
    parser.add_argument("--sign-in", choices=["password", "provider"])
    parser.add_argument("--user")
    parser.add_argument("--no-command", action="store_true")
    given = parser.parse_args()
    if (given.sign_in is None) != (given.user is None):
        parser.error("--sign-in and --user belong together")
    return given


def main():
    given = arguments()
    findings = {}
    with visit.open(findings, colors=os.environ.get("F2S_COLORS", "light"), is_detailed=True) as page:
        story = Story(page, given.console, findings)
        page.goto(given.console + "/")
        if given.sign_in:
            story.sign_in(given.sign_in, given.user)
        story.create()
        story.change()
        story.break_and_repair()
        story.save_event()
        story.read_log()
        if not given.no_command:
            story.write_command()
        story.look_around()
        story.delete_all()
        findings["files"] = len(story.files)
    visit.print_findings(findings)


main()
