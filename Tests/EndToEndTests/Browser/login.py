#!/usr/bin/env python3
"""Opens functions with `spec.login` with a real browser, Debian's Chromium, for one test.

    login.py CONSOLE PUBLIC    opens /invoke/report as ann, then /invoke/other, and /invoke/report as bob

CONSOLE and PUBLIC are the origins of the two listeners. A user's password is the name and "-pw". The findings are
printed as one JSON object.
"""
import json
import sys
from playwright.sync_api import sync_playwright


def open_function(context, url):
    page = context.new_page()
    page.set_default_timeout(60_000)
    go(page, url)
    return page


def go(page, url):
    # The script of the console's page may leave that page before it is loaded.
    page.goto(url, wait_until="commit")


def sign_in(page, user):
    page.get_by_label("Name").fill(user)
    page.get_by_label("Password").fill(user + "-pw")
    at = page.url
    page.get_by_role("button", name="Log in", exact=True).click()
    return at


def shown(page):
    return [page.url, page.locator("#user").inner_text(), page.locator("#cookies").inner_text()]


def visit_as_ann(browser, public, findings):
    context = browser.new_context()
    first = public + "/invoke/report?year=2026&name=a%20b"
    page = open_function(context, first)
    findings["signInAt"] = sign_in(page, "ann")
    page.wait_for_url(first)
    findings["first"] = shown(page)
    cookies = [cookie for cookie in context.cookies() if cookie["name"] == "f2s-login"]
    findings["cookies"] = [[cookie["path"], cookie["httpOnly"], cookie["sameSite"]] for cookie in cookies]
    second = public + "/invoke/other"
    go(page, second)
    page.wait_for_url(second)
    findings["second"] = shown(page)
    fetch = "() => fetch('/invoke/other').then(response => [response.status, response.redirected])"
    findings["fetch"] = page.evaluate(fetch)
    context.clear_cookies(name="f2s-login")
    findings["fetchWithoutCookie"] = page.evaluate(fetch)
    context.close()


def visit_as_bob(browser, public, findings):
    context = browser.new_context()
    page = open_function(context, public + "/invoke/report")
    sign_in(page, "bob")
    findings["reason"] = page.locator("#status.error").inner_text()
    findings["reasonAt"] = page.url
    context.close()


def main():
    console, public = sys.argv[1:]
    findings = {"console": console}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--no-proxy-server", "--disable-dev-shm-usage"])
        visit_as_ann(browser, public, findings)
        visit_as_bob(browser, public, findings)
        browser.close()
    print(json.dumps(findings))


main()
