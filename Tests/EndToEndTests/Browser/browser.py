#!/usr/bin/env python3
"""Uses the console with a real browser, Debian's Chromium, for one test.

    browser.py provider CONSOLE USER     signs in at glewlwyd's pages, looks at the functions, and signs out
    browser.py password CONSOLE USER     does the same with the password form
    browser.py hostile CONSOLE PUBLIC    signs in as ann, opens the page of the function hostile, and looks what it did

CONSOLE and PUBLIC are the origins of the two listeners. A user's password is the name and "-pw". The findings are
printed as one JSON object. F2S_SCREENSHOTS names a folder for pictures of the pages.
"""
import json
import os
import sys
from playwright.sync_api import sync_playwright
from visit import account, sign_in, sign_in_at_provider

FOLDER = os.environ.get("F2S_SCREENSHOTS")


def picture(page, name):
    if FOLDER:
        page.screenshot(path=f"{FOLDER}/{name}.png", full_page=True)


def open_console(context, console, findings):
    page = context.new_page()
    page.set_default_timeout(60_000)
    # The browser reports each response with an error status: this script causes some, and a provider has others.
    page.on("console", lambda message: message.type == "error" and "status of 401" not in message.text
            and message.location["url"].startswith(console) and findings["errors"].append(message.text))
    page.on("pageerror", lambda error: findings["errors"].append(str(error)))
    page.goto(console + "/")
    return page


def session_cookies(context):
    # Only the server can set such a cookie.
    return [cookie for cookie in context.cookies() if cookie["name"].endswith("f2s-session") and cookie["httpOnly"]]


def use(browser, console, user, log_in, findings):
    context = browser.new_context()
    page = open_console(context, console, findings)
    page.get_by_role("heading", name="Log in").wait_for()
    picture(page, "signed-out")
    log_in(page, user)
    page.get_by_role("table").wait_for()
    picture(page, "signed-in")
    account(page).click()
    findings["caller"] = page.locator("#caller").inner_text().replace("\n", " ")
    findings["rows"] = page.locator("tbody tr").count()
    cookie = session_cookies(context)[0]
    findings["cookie"] = [cookie["httpOnly"], cookie["sameSite"], cookie["path"]]
    findings["scriptSeesCookie"] = "f2s-session" in page.evaluate("document.cookie")
    # Without the proof, the cookie alone is of no use, even for a request of the same origin.
    fetch = "path => fetch(path).then(response => response.status)"
    findings["withoutProof"] = page.evaluate(fetch, "/functions")
    page.reload()
    account(page, user).wait_for()
    findings["otherTab"] = account(open_console(context, console, findings), user).inner_text()
    proof = page.evaluate("localStorage.getItem('f2s-proof')")
    account(page).click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_function(
        "origin => location.origin !== origin || document.querySelector('.login') !== null", arg=console)
    page.goto(console + "/")
    page.get_by_role("heading", name="Log in").wait_for()
    findings["cookiesLeft"] = len(session_cookies(context))
    # The session itself has ended, not only its cookie.
    context.add_cookies([cookie])
    findings["afterSignOut"] = page.evaluate(
        "headers => fetch('/functions', {headers}).then(response => response.status)",
        {"X-F2S-Session": proof})
    context.close()


def hostile(browser, console, public, findings):
    context = browser.new_context()
    page = open_console(context, console, findings)
    page.locator(".login, table").first.wait_for()
    if page.locator(".login").is_visible():
        sign_in(page, "ann")
    page.get_by_role("table").wait_for()
    before = page.locator("tbody th").all_inner_texts()
    cookies = session_cookies(context)
    attack = context.new_page()
    attack.set_default_timeout(60_000)
    attack.goto(f"{public}/invoke/hostile/?console={console}")
    attack.wait_for_function("document.title === 'done'", timeout=60_000)
    findings["attacks"] = attack.evaluate("window.results")
    picture(attack, "hostile")
    # A click opens a page of the API, which the service worker may intercept.
    with context.expect_page() as opened:
        attack.get_by_role("link", name="functions").click()
    opened.value.wait_for_load_state()
    attack.wait_for_timeout(500)
    findings["worker"] = attack.evaluate("window.seenByWorker()")
    findings["sameSession"] = session_cookies(context) == cookies
    page.reload()
    page.get_by_role("table").wait_for()
    findings["same"] = before == page.locator("tbody th").all_inner_texts()
    findings["errors"] = []
    context.close()


def main():
    findings = {"errors": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--no-proxy-server", "--disable-dev-shm-usage"])
        command, console, argument = sys.argv[1:]
        if command == "hostile":
            hostile(browser, console, argument, findings)
        else:
            log_in = {"provider": sign_in_at_provider, "password": sign_in}[command]
            use(browser, console, argument, log_in, findings)
        browser.close()
    print(json.dumps(findings))


main()
