"""A site over the cast, and a logged-in client for each of its people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from admin_app import create_app
from admin_app.config import Settings
from models.vault import Keystore
from tests.cast import NOW, PASSWORD, Cast

ClientOf = Callable[[str], FlaskClient]


@pytest.fixture
def site(sqlite_cast: Cast, keystore: Keystore, tmp_path: Path) -> Iterator[Flask]:
    """The site over a database with the cast; its clock stands at tests.cast.NOW."""
    keys = tmp_path / "keys.json"
    keystore.save(keys)
    url = str(sqlite_cast.database.url.render_as_string(hide_password=False))
    settings = Settings.from_environment({"SHOUWANG_KEYS": str(keys)}, instance=str(tmp_path), database=url)
    app = create_app(settings, clock=lambda: NOW)
    app.config.update(TESTING=True)
    yield app
    app.extensions["shouwang"].database.dispose()


@pytest.fixture
def client_of(site: Flask) -> ClientOf:
    """Log one of the cast in and return their browser."""

    def logged_in(login: str) -> FlaskClient:
        client = site.test_client()
        answer = post(client, "/login", login=login, password=PASSWORD)
        assert answer.status_code == 302, answer.text
        return client

    return logged_in


def token(client: FlaskClient, page: str = "/login") -> str:
    """The CSRF token of a page."""
    answer = client.get(page, base_url="https://localhost")
    found = re.search(r'(?:name="csrf_token"[^>]*value|data-csrf)="([^"]+)"', answer.text)
    assert found, f"{page} has no form: {answer.status_code}"
    return found[1]


def post(client: FlaskClient, path: str, page: str | None = None, **fields: object):  # type: ignore[no-untyped-def]
    """Post fields with the token of a page (the log-in page, or the account page once logged in)."""
    where = page or ("/login" if path == "/login" else "/account")
    return client.post(path, data={"csrf_token": token(client, where), **fields}, base_url="https://localhost")


def get(client: FlaskClient, path: str, **more: object):  # type: ignore[no-untyped-def]
    """Open a page as browsers do, over TLS."""
    return client.get(path, base_url="https://localhost", **more)
