"""Opening and posting pages of the site as a browser does, over TLS and with the token of the form."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ClientOf = Callable[[str], FlaskClient]


def token(client: FlaskClient, page: str = "/login") -> str:
    """The CSRF token of a page."""
    answer = client.get(page, base_url="https://localhost")
    found = re.search(r'(?:name="csrf_token"[^>]*value|data-csrf)="([^"]+)"', answer.text)
    assert found, f"{page} has no form: {answer.status_code}"
    return found[1]


def post(client: FlaskClient, path: str, page: str | None = None, **fields: object) -> TestResponse:
    """Post fields with the token of a page (the log-in page, or the account page once logged in)."""
    where = page or ("/login" if path == "/login" else "/account")
    return client.post(path, data={"csrf_token": token(client, where), **fields}, base_url="https://localhost")


def get(client: FlaskClient, path: str, **more: object) -> TestResponse:
    """Open a page as browsers do, over TLS."""
    return client.get(path, base_url="https://localhost", **more)
