"""What holds for each address of the site, whoever built it: headers, a token for every post, a log-in first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event

from admin_app.login import OPEN_TO_ALL
from admin_app.security import HEADERS
from tests.cast import Cast
from tests.web.browser import ClientOf, get

SETTINGS = {"csrf_token": "", "note": "x"}
MOST_QUERIES_OF_THE_FRAME = 6


def _addresses(site: Flask, method: str) -> Iterator[tuple[str, str]]:
    """Yield endpoint and an address for each rule; numbers and words in it name nothing that exists."""
    for rule in site.url_map.iter_rules():
        if method in (rule.methods or ()):
            found = rule.build(dict.fromkeys(rule.arguments, "1"))
            assert found is not None, rule
            yield rule.endpoint, found[1]


def test_every_answer_carries_the_headers_and_no_page_is_kept(site: Flask, client_of: ClientOf) -> None:
    client, count = client_of("qin"), 0
    for endpoint, path in _addresses(site, "GET"):
        with get(client, path) as answer:
            assert answer.status_code < 500, path
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
            assert answer.headers["X-Request-Id"]
            if endpoint != "static":
                assert answer.headers["Cache-Control"] == "no-store", path
        count += 1
    assert count > 20


def test_a_stranger_is_sent_to_the_log_in_page_from_every_address(site: Flask) -> None:
    client = site.test_client()
    for method in ("GET", "POST"):
        for endpoint, path in _addresses(site, method):
            if endpoint in OPEN_TO_ALL:
                continue
            answer = client.open(path, method=method, base_url="https://localhost")
            if method == "GET":
                assert (answer.status_code, answer.location.split("?")[0]) == (302, "/login"), path
            else:
                assert answer.status_code == 400, path


def test_nothing_is_posted_without_the_token_of_a_form(site: Flask, client_of: ClientOf, sqlite_cast: Cast) -> None:
    client, count = client_of("qin"), 0
    told = len(sqlite_cast.events())
    for _, path in _addresses(site, "POST"):
        answer = client.post(path, data=SETTINGS, base_url="https://localhost")
        assert answer.status_code == 400, path
        assert "页面已过期" in answer.text, path
        count += 1
    assert count > 10
    assert len(sqlite_cast.events()) == told


def test_open_addresses_are_these_and_no_others() -> None:
    assert {
        "account.log_in",
        "account.switch_language",
        "health.healthz",
        "health.metrics",
        "health.readyz",
        "static",
    } == OPEN_TO_ALL


@pytest.mark.parametrize("login", ["qin", "shi", "feng"])
def test_the_frame_of_a_page_asks_the_database_seldom(site: Flask, client_of: ClientOf, login: str) -> None:
    client = client_of(login)
    get(client, "/account")
    asked: list[str] = []
    engine = site.extensions["shouwang"].database.engine
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert get(client, "/account/password").status_code == 200
    assert 0 < len(asked) <= MOST_QUERIES_OF_THE_FRAME, asked
