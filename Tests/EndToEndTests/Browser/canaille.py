#!/usr/bin/env python3
"""Signs in to the console at canaille's pages with a real browser, Debian's Chromium, for one test.

    canaille.py CONSOLE USER    signs in, looks at the functions, signs out, and begins another sign-in

CONSOLE is the origin of the console. A user's password is the name and "-pw". The findings are printed as one JSON
object.
"""
import sys
import visit


def wait_for(page, element):
    """Waits for an element of the provider's page, and for the scripts of the page, which handle its forms."""
    element.wait_for()
    page.wait_for_load_state("networkidle")


def begin_sign_in(page):
    page.get_by_role("button", name="Continue with").click()
    wait_for(page, page.locator("input[name=login]"))


def sign_in(page, user):
    begin_sign_in(page)
    page.fill("input[name=login]", user)
    page.get_by_role("button", name="Continue").click()
    consent = page.get_by_role("button", name="Accept")
    for _ in range(5):
        wait_for(page, page.locator("input[name=password]"))
        page.fill("input[name=password]", user + "-pw")
        page.get_by_role("button", name="Sign in").click()
        # The provider asks for the user's consent. On a busy machine it may say that the right password is wrong.
        wait_for(page, consent.or_(page.get_by_text("Login failed")))
        if consent.count():
            break
    consent.click()


def session_cookies(context):
    return [cookie for cookie in context.cookies() if cookie["name"].endswith("f2s-session") and cookie["httpOnly"]]


def use(page, console, user, findings):
    page.goto(console + "/")
    sign_in(page, user)
    page.get_by_role("table").wait_for()
    page.locator("#caller summary").click()
    findings["caller"] = page.locator("#caller").inner_text().replace("\n", " ")
    findings["rows"] = page.locator("tbody tr").count()
    findings["cookies"] = len(session_cookies(page.context))
    page.get_by_role("button", name="Log out").click()
    # The provider ends its session too, and returns the browser.
    page.get_by_role("heading", name="Log in").wait_for()
    findings["cookiesLeft"] = len(session_cookies(page.context))
    # Otherwise this fails, because the provider would return the browser without a question.
    begin_sign_in(page)


def main():
    console, user = sys.argv[1:]
    findings = {}
    with visit.open(findings) as page:
        use(page, console, user, findings)
    visit.print_findings(findings)


main()
