"""A site over the cast, and a logged-in client for each of its people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from admin_app import create_app
from admin_app.config import Settings
from admin_app.office import Office
from models.database import Database
from models.vault import Keystore
from tests.cast import NOW, PASSWORD, Cast
from tests.web.browser import ClientOf, post


@pytest.fixture(scope="session")
def bound_site(keystore: Keystore, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The site without a database: binding its two hundred addresses takes longer than most tests."""
    folder = tmp_path_factory.mktemp("site")
    keys = folder / "keys.json"
    keystore.save(keys)
    settings = Settings.from_environment({"SHOUWANG_KEYS": str(keys)}, instance=str(folder), database="sqlite://")
    app = create_app(settings, clock=lambda: NOW)
    app.config.update(TESTING=True)
    app.extensions["shouwang"].database.dispose()
    return app


@pytest.fixture
def site(bound_site: Flask, sqlite_cast: Cast, keystore: Keystore, tmp_path: Path) -> Iterator[Flask]:
    """The site over a database with the cast; its clock stands at tests.cast.NOW."""
    keys = tmp_path / "keys.json"
    keystore.save(keys)
    url = str(sqlite_cast.database.url.render_as_string(hide_password=False))
    settings = Settings.from_environment({"SHOUWANG_KEYS": str(keys)}, instance=str(tmp_path), database=url)
    database = Database(url, keystore)
    config = dict(bound_site.config)
    bound_site.extensions["shouwang"] = Office(database, lambda: NOW, settings)
    yield bound_site
    database.dispose()
    bound_site.config.clear()
    bound_site.config.update(config)


@pytest.fixture
def client_of(site: Flask) -> ClientOf:
    """Log one of the cast in and return their browser."""

    def logged_in(login: str) -> FlaskClient:
        client = site.test_client()
        answer = post(client, "/login", login=login, password=PASSWORD)
        assert answer.status_code == 302, answer.text
        return client

    return logged_in
