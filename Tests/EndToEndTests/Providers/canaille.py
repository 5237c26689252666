#!/usr/bin/env -S python3 -P
"""PyPI's canaille as an OpenID provider for one test.

    python -P canaille.py PORT FOLDER CALLBACK    serves http://127.0.0.1:PORT until SIGTERM

Without -P, Python takes this file for the package. The database is in the folder.
It prints a line when it serves. The provider has one set of keys, for RS256 and for ES256, without `alg`. The users are
alice (groups faas-admins, developers) and bob (developers); a user's password is the name and "-pw". The clients
console (RS256) and consolees (ES256) get tokens for users at the callback URL. The clients svc and other get opaque
tokens for themselves. A client's secret is its name and "-secret".

Two sign-ins of one user and client within a second fail, because canaille issues the same token twice.
"""
import logging
import sys
import urllib.parse

from canaille import create_app
from canaille.app import models
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import make_server


def create(port, folder):
    keys = [RSAKey.generate_key(2048, auto_kid=True), ECKey.generate_key("P-256", auto_kid=True)]
    return create_app({
        "SECRET_KEY": "of this test", "SERVER_NAME": f"127.0.0.1:{port}", "PREFERRED_URL_SCHEME": "http",
        # The database in memory loses sign-ins.
        "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{folder}/canaille.db"},
        "CANAILLE": {"DATABASE": "sql", "CACHE_TYPE": "SimpleCache",
                     "LOGGING": {"version": 1, "disable_existing_loggers": False}},
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True) for key in keys]},
    })


def add_users(backend):
    users = {}
    for name in ("alice", "bob"):
        users[name] = models.User(
            user_name=name, password=name + "-pw", family_name=name, formatted_name=name.title(),
            emails=[name + "@example.test"])
        backend.save(users[name])
    backend.save(models.Group(display_name="faas-admins", members=[users["alice"]]))
    backend.save(models.Group(display_name="developers", members=[users["alice"], users["bob"]]))


def add_client(backend, name, **properties):
    client = models.Client(
        client_id=name, client_secret=name + "-secret", client_name=name,
        token_endpoint_auth_method="client_secret_basic", **properties)
    backend.save(client)
    client.audience = [client]
    backend.save(client)


def main():
    port, folder, callback = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    app = create(port, folder)
    with app.app_context():
        app.backend.install(app)
    with app.app_context(), app.backend.session():
        add_users(app.backend.instance)
        for name, algorithm in (("console", "RS256"), ("consolees", "ES256")):
            add_client(
                app.backend.instance, name, redirect_uris=[callback], response_types=["code"],
                post_logout_redirect_uris=[urllib.parse.urljoin(callback, "/")],
                grant_types=["authorization_code", "refresh_token"], scope=["openid", "profile", "groups"],
                id_token_signed_response_alg=algorithm)
        for name in ("svc", "other"):
            add_client(app.backend.instance, name, grant_types=["client_credentials"], scope=["profile"])
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", port, app, threaded=True)
    print("canaille serves", flush=True)
    server.serve_forever()


main()
