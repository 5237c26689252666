"""Opens the console with a real browser, Debian's Chromium, for the scripts of this folder.

    findings = {}
    with visit.open(findings) as page:
        page.goto(console + "/")
    visit.print_findings(findings)

The first request of a visit must go to the console. The findings get three lists: `errors` of the page's scripts,
`foreign` requests (to other origins), and `violations` of the content security policy. If a visit fails or finds one of
these, and F2S_FAILURES names a folder, a picture of the page and a trace for Playwright's viewer stay there; their
paths are in the list `kept`. A certificate need not be one that the browser trusts.
"""
import contextlib
import json
import os
import re
import sys
import time
import urllib.parse
from playwright.sync_api import Error, sync_playwright

FAILURES = os.environ.get("F2S_FAILURES")
PROBLEMS = ["errors", "foreign", "violations"]
POLICY = "Content security policy of"
WATCH_POLICY = f"""
document.addEventListener("securitypolicyviolation", (event) =>
  console.warn(`{POLICY} ${{location.origin}}: ${{event.effectiveDirective}} ${{event.blockedURI}}`));
"""


class Watch:
    """Notes the problems of all pages of a context, except those of a provider's pages during a sign-in."""

    def __init__(self, context, findings):
        self.findings, self.origin = findings, None
        context.add_init_script(WATCH_POLICY)
        context.on("console", self.see_message)
        context.on("weberror", self.see_error)
        context.on("request", self.see_request)

    def is_elsewhere(self, url):
        return url.startswith("http") and origin_of(url) != self.origin

    def see_message(self, message):
        if message.text.startswith(POLICY):
            if not self.is_elsewhere(message.text.removeprefix(POLICY).strip().split(": ")[0]):
                self.findings["violations"].append(message.text)
        # The browser reports each response with an error status: the page looks for functions that are not declared.
        elif message.type == "error" and "the server responded with" not in message.text \
                and not self.is_elsewhere(message.location["url"]):
            self.findings["errors"].append(message.text)

    def see_error(self, error):
        if not self.is_elsewhere(error.page.url):
            self.findings["errors"].append(str(error.error))

    def see_request(self, request):
        self.origin = self.origin or origin_of(request.url)
        if self.is_elsewhere(request.url) and not self.is_of_sign_in(request):
            self.findings["foreign"].append(request.url)

    def is_of_sign_in(self, request):
        first = request
        while first.redirected_from:
            first = first.redirected_from
        if first.url.startswith(self.origin + "/session/"):
            return True
        try:
            return self.is_elsewhere(request.frame.page.url)
        except Error:
            # A window that has just been opened has no frame yet.
            return False


def origin_of(url):
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@contextlib.contextmanager
def open(findings, colors="light", width=1280, height=800, scale=1, is_detailed=False):
    """Opens an empty page. A detailed trace contains the page at each step, which takes time and memory."""
    for kind in [*PROBLEMS, "kept"]:
        findings.setdefault(kind, [])
    before = count(findings)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--no-proxy-server", "--disable-dev-shm-usage"])
        context = browser.new_context(
            color_scheme=colors, viewport={"width": width, "height": height}, device_scale_factor=scale,
            ignore_https_errors=True, locale="en")
        Watch(context, findings)
        if FAILURES:
            context.tracing.start(snapshots=is_detailed, screenshots=is_detailed)
        context.set_default_timeout(60_000)
        page = context.new_page()
        try:
            yield page
        except BaseException:
            keep(page, findings)
            raise
        if count(findings) > before:
            keep(page, findings)
        browser.close()


def count(findings):
    return sum(len(findings[kind]) for kind in PROBLEMS)


def keep(page, findings):
    """Keeps a picture of the page, and the trace."""
    if not FAILURES:
        return
    keep_picture(page, findings, "at the end")
    path = new_path("trace") + ".zip"
    with contextlib.suppress(Exception):
        page.context.tracing.stop(path=path)
        findings["kept"].append(path)
    print("Kept for the failure: " + " ".join(findings["kept"]), file=sys.stderr)


def keep_picture(page, findings, name):
    """Keeps a picture of the page. A browser that has ended has none, which must not hide the failure itself."""
    if not FAILURES:
        return
    path = new_path(name) + ".png"
    with contextlib.suppress(Exception):
        page.screenshot(path=path)
        findings["kept"].append(path)


def new_path(name):
    """Returns the path of a new file, without its extension."""
    os.makedirs(FAILURES, exist_ok=True)
    script = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    words = re.sub(r"\W+", "-", name)
    return f"{FAILURES}/{script}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{words}"


def send_until(page, text, send):
    """Sends an invocation until its answer is the text: the old revision answers until the new one does."""
    for _ in range(60):
        send()
        with contextlib.suppress(Error):
            return page.locator("pre", has_text=text).first.wait_for(timeout=1000)
    raise AssertionError(f"no answer {text}")


def print_findings(findings):
    """Prints the findings as one JSON object."""
    print(json.dumps(findings))


def account(page, user=""):
    """Returns the part of the page that shows who is logged in."""
    return page.locator("#caller summary", has_text=user)


def sign_in(page, user):
    """Signs in with the password form. A user's password is the name and "-pw"."""
    page.get_by_label("Name", exact=True).fill(user)
    page.get_by_label("Password", exact=True).fill(user + "-pw")
    page.get_by_role("button", name="Log in", exact=True).click()
    account(page, user).wait_for()


def sign_in_at_provider(page, user):
    """Signs in at the pages of an OpenID provider, glewlwyd. A user's password is the name and "-pw"."""
    page.get_by_role("button", name="Continue with").first.click()
    page.locator("#username").wait_for()
    page.fill("#username", user)
    if not page.locator("#password").is_visible():
        page.keyboard.press("Enter")
    page.fill("#password", user + "-pw")
    page.keyboard.press("Enter")
    # The provider asks for the user's consent at the first sign-in only.
    signed_in = account(page, user)
    for _ in range(100):
        if signed_in.count():
            break
        for name in ("Grant", "Continue"):
            button = page.get_by_role("button", name=name, exact=False)
            if button.count() and button.first.is_enabled():
                try:
                    button.first.click(timeout=500)
                except Exception:
                    pass
        page.wait_for_timeout(100)
    signed_in.wait_for()
