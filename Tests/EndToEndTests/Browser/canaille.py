#!/usr/bin/env python3
"""Signs in to the console at canaille's pages with a real browser, Debian's Chromium, for one test.

    canaille.py CONSOLE USER    signs in, looks at the functions, signs out, and begins another sign-in

CONSOLE is the origin of the console. A user's password is the name and "-pw". The findings are printed as one JSON
object.
"""
import json
import sys
from playwright.sync_api import sync_playwright


def begin_sign_in(page):
    page.get_by_role("button", name="Continue with").click()
    page.locator("input[name=login]").wait_for()


def sign_in(page, user):
    begin_sign_in(page)
    page.fill("input[name=login]", user)
    page.get_by_role("button", name="Continue").click()
    page.fill("input[name=password]", user + "-pw")
    page.get_by_role("button", name="Sign in").click()
    # The provider asks for the user's consent.
    page.get_by_role("button", name="Accept").click()


def session_cookies(context):
    return [cookie for cookie in context.cookies() if cookie["name"].endswith("f2s-session") and cookie["httpOnly"]]


def visit(browser, console, user, findings):
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(console + "/")
    sign_in(page, user)
    page.get_by_role("table").wait_for()
    page.locator("#caller summary").click()
    findings["caller"] = page.locator("#caller").inner_text().replace("\n", " ")
    findings["rows"] = page.locator("tbody tr").count()
    findings["cookies"] = len(session_cookies(context))
    page.get_by_role("button", name="Log out").click()
    # The provider ends its session too, and returns the browser.
    page.get_by_role("heading", name="Log in").wait_for()
    findings["cookiesLeft"] = len(session_cookies(context))
    # Otherwise this fails, because the provider would return the browser without a question.
    begin_sign_in(page)
    context.close()


def main():
    console, user = sys.argv[1:]
    findings = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--no-proxy-server", "--disable-dev-shm-usage"])
        visit(browser, console, user, findings)
        browser.close()
    print(json.dumps(findings))


main()
