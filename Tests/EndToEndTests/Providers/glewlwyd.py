#!/usr/bin/env python3
"""Debian's glewlwyd as an OpenID provider for one test.

    glewlwyd.py prepare FOLDER PORT [ADDRESS]   writes the configuration and the database into the folder
    glewlwyd.py provision FOLDER URL     waits until it serves, then creates users, clients and two issuers
    glewlwyd.py token FOLDER ISSUER WHO  prints the provider's response with the tokens of a user, or of a client
    glewlwyd.py device FOLDER USER PAGE  signs a user in at a page with a code of the device authorization grant
    glewlwyd.py revoke FOLDER ISSUER TOKEN
    glewlwyd.py rotate FOLDER            replaces the key of the issuer oidc

It serves at 127.0.0.1, or at an ADDRESS with TLS and the files tls.pem and tls.key of the folder.

The issuers are BASE/api/oidc (RS256) and BASE/api/oidces (ES256). The users are alice (groups admins, developers), bob
(developers) and eve; a user's password is the name and "-pw". The clients web and console get tokens for users, console
at the given callback URL, and the public client cli by the device authorization grant. The clients svc and other get
tokens for themselves. A client's secret is its name and "-secret".
"""
import base64
import gzip
import hashlib
import http.cookiejar
import json
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

REDIRECT = "http://127.0.0.1:1/callback"
SCOPES = ["openid", "groups", "invoke"]

CONFIGURATION = '''port={port}
bind_address="{address}"
external_url="{origin}"
login_url="login.html"
api_prefix="api"
static_files_path="{folder}/web/"
log_mode="console"
log_level="WARNING"
cookie_secure=0
session_key="SESSION"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection={secure}
# It refuses to start without these two, though without TLS it does not read the files.
secure_connection_key_file="{folder}/tls.key"
secure_connection_pem_file="{folder}/tls.pem"
hash_algorithm="SHA512"
static_files_mime_types = (
    {{ extension = ".html" mime_type = "text/html" }}, {{ extension = ".css" mime_type = "text/css" }},
    {{ extension = ".js" mime_type = "application/javascript" }},
    {{ extension = ".json" mime_type = "application/json" }});
database = {{ type = "sqlite3" path = "{folder}/glewlwyd.db" }};
'''


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


class Browser:
    """A client with cookies that does not follow redirects."""

    def __init__(self, base):
        self.base = base
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), NoRedirect(),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def call(self, method, url, body=None, form=None, basic=None, statuses=(200,)):
        fields = {}
        data = None
        if body is not None:
            data, fields["Content-Type"] = json.dumps(body).encode(), "application/json"
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
        if basic:
            fields["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        url = url if url.startswith("http") else self.base + url
        try:
            response = self.opener.open(urllib.request.Request(url, data, fields, method=method), timeout=20)
        except urllib.error.HTTPError as error:
            response = error
        content = response.read().decode(errors="replace")
        if response.status not in statuses:
            sys.exit(f"{method} {url} answers {response.status}: {content}")
        return response.headers.get("Location"), content


def base(folder):
    return (Path(folder) / "base").read_text()


def administrator(folder):
    browser = Browser(base(folder) + "/api")
    browser.call("POST", "/auth/", {"username": "admin", "password": "password"})
    return browser


def prepare(folder, port, address=None):
    folder = Path(folder).resolve()
    origin = f"https://{address}:{port}" if address else f"http://127.0.0.1:{port}"
    (folder / "glewlwyd.conf").write_text(CONFIGURATION.format(
        port=port, folder=folder, origin=origin, address=address or "127.0.0.1", secure="true" if address else "false"))
    # The pages for browsers. The server does not follow links that leave the folder, as those of the package do.
    shutil.copytree("/usr/share/glewlwyd/webapp", folder / "web", ignore=shutil.ignore_patterns("config.json", "*.map"))
    shutil.copy("/etc/glewlwyd/config-2.7.json/config.json", folder / "web/config.json")
    (folder / "base").write_text(origin)
    tables = gzip.open("/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz").read()
    subprocess.run(["sqlite3", str(folder / "glewlwyd.db")], input=tables, check=True)


def key_pair(kind):
    options = {"rsa": "RSA rsa_keygen_bits:2048", "ecdsa": "EC ec_paramgen_curve:P-256"}
    algorithm, option = options[kind].split()
    private = subprocess.run(
        ["openssl", "genpkey", "-algorithm", algorithm, "-pkeyopt", option], check=True, capture_output=True, text=True).stdout
    public = subprocess.run(
        ["openssl", "pkey", "-pubout"], input=private, check=True, capture_output=True, text=True).stdout
    return private, public


def issuer(name, url, kind):
    private, public = key_pair(kind)
    return {"module": "oidc", "name": name, "display_name": name, "parameters": {
        "iss": url, "jwt-type": kind, "jwt-key-size": "256", "key": private, "cert": public, "jwks-show": True,
        "access-token-duration": 300, "refresh-token-duration": 1209600, "code-duration": 60,
        "refresh-token-rolling": True, "refresh-token-one-use": "never",
        "allow-non-oidc": True, "auth-type-code-enabled": True, "auth-type-code-revoke-replayed": True,
        "auth-type-token-enabled": False, "auth-type-id-token-enabled": False, "auth-type-none-enabled": False,
        "auth-type-password-enabled": False, "auth-type-client-enabled": True, "auth-type-device-enabled": True,
        "auth-type-refresh-enabled": True, "device-authorization-expiration": 600, "device-authorization-interval": 1,
        "pkce-allowed": True, "pkce-method-plain-allowed": False, "pkce-required": False,
        "introspection-revocation-allowed": True, "introspection-revocation-allow-target-client": True,
        "session-management-allowed": True, "session-cookie-name": "OIDC_SESSION", "session-cookie-expiration": 86400,
        "oauth-as-iss-id": True, "allowed-scope": SCOPES, "subject-type": "public",
        "name-claim": "mandatory", "email-claim": "no", "scope-claim": "no",
        "claims": [{"name": "groups", "user-property": "groups", "type": "string", "mandatory": True,
                    "on-demand": False, "scope": []}],
        "additional-parameters": [{"user-parameter": "groups", "token-parameter": "groups"},
                                  {"user-parameter": "username", "token-parameter": "preferred_username"}]}}


def provision(folder, callback):
    url = base(folder)
    for attempt in range(600):
        try:
            Browser(url).call("GET", "/api/config/", statuses=(200, 401, 404))
            break
        except OSError:
            time.sleep(0.05)
    admin = administrator(folder)
    module = json.loads(admin.call("GET", "/mod/user/database")[1])
    module["parameters"]["data-format"]["groups"] = {"multiple": True, "read": True, "write": True}
    admin.call("PUT", "/mod/user/database", module)
    admin.call("PUT", "/mod/user/database/reset")
    for scope in ("groups", "invoke"):
        admin.call("POST", "/scope/", {"name": scope, "display_name": scope, "password_required": False, "scheme": {}})
    for user, groups in (("alice", ["admins", "developers"]), ("bob", ["developers"]), ("eve", [])):
        admin.call("POST", "/user/", {
            "username": user, "password": user + "-pw", "name": user, "email": user + "@example.test", "enabled": True,
            "scope": ["g_profile"] + SCOPES, "groups": groups})
    for client, url in (("web", REDIRECT), ("console", callback)):
        admin.call("POST", "/client/", {
            "client_id": client, "name": client, "confidential": True, "password": client + "-secret",
            "client_secret": client + "-secret", "redirect_uri": [url],
            "authorization_type": ["code", "refresh_token"], "token_endpoint_auth_method": ["client_secret_basic"],
            "scope": [], "enabled": True})
    admin.call("POST", "/client/", {
        "client_id": "cli", "name": "cli", "confidential": False, "redirect_uri": [],
        "authorization_type": ["device_authorization", "refresh_token"], "token_endpoint_auth_method": ["none"],
        "scope": [], "enabled": True})
    for client in ("svc", "other"):
        admin.call("POST", "/client/", {
            "client_id": client, "name": client, "confidential": True, "password": client + "-secret",
            "client_secret": client + "-secret", "redirect_uri": [], "authorization_type": ["client_credentials"],
            "token_endpoint_auth_method": ["client_secret_basic"], "scope": ["invoke"], "enabled": True})
    for name, kind in (("oidc", "rsa"), ("oidces", "ecdsa")):
        admin.call("POST", "/mod/plugin/", issuer(name, f"{base(folder)}/api/{name}", kind))


def token(folder, name, who):
    url = f"{base(folder)}/api/{name}"
    browser = Browser(url)
    if who in ("svc", "other"):
        form = {"grant_type": "client_credentials", "scope": "invoke"}
        print(browser.call("POST", "/token", form=form, basic=(who, who + "-secret"))[1])
        return
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = urllib.parse.urlencode({
        "response_type": "code", "client_id": "web", "redirect_uri": REDIRECT, "scope": " ".join(SCOPES), "state": "s",
        "nonce": "n", "code_challenge": challenge, "code_challenge_method": "S256"})
    page, _ = browser.call("GET", f"/auth?{query}", statuses=(302,))
    following = urllib.parse.parse_qs(urllib.parse.urlsplit(page).query)["callback_url"][0]
    provider = base(folder) + "/api"
    browser.call("POST", provider + "/auth/", {"username": who, "password": who + "-pw"})
    browser.call("PUT", provider + "/auth/grant/web", {"scope": " ".join(SCOPES)})
    back, _ = browser.call("GET", following + "&g_continue", statuses=(302,))
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": verifier}
    print(browser.call("POST", "/token", form=form, basic=("web", "web-secret"))[1])


def device(folder, who, page):
    browser = Browser(base(folder) + "/api")
    browser.call("POST", "/auth/", {"username": who, "password": who + "-pw"})
    browser.call("PUT", "/auth/grant/cli", {"scope": " ".join(SCOPES)})
    browser.call("GET", page + "&g_continue", statuses=(302,))


def revoke(folder, name, text):
    Browser(f"{base(folder)}/api/{name}").call("POST", "/revoke", form={"token": text}, basic=("svc", "svc-secret"))


def rotate(folder):
    admin = administrator(folder)
    plugin = json.loads(admin.call("GET", "/mod/plugin/oidc")[1])
    plugin["parameters"]["key"], plugin["parameters"]["cert"] = key_pair("rsa")
    admin.call("PUT", "/mod/plugin/oidc", plugin)
    admin.call("PUT", "/mod/plugin/oidc/reset")


COMMANDS = {"prepare": prepare, "provision": provision, "token": token, "device": device, "revoke": revoke,
            "rotate": rotate}
COMMANDS[sys.argv[1]](*sys.argv[2:])
