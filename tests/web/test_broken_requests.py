"""Requests that no page sends, and a database that fails: an answer in plain words, never a stack trace."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from admin_app import create_app
from admin_app.config import Settings
from models.draft import Draft
from models.scope import system_scope
from models.staff import LoginSession
from tests.cast import NOW, Cast
from tests.web.browser import ClientOf, get, post, token

TLS = "https://localhost"


def _head(site: Flask, path: str, name: str) -> str:
    with get(site.test_client(), path) as answer:
        return answer.headers[name]


def _later(site: Flask, **by: int) -> None:
    object.__setattr__(site.extensions["shouwang"], "clock", lambda: NOW + timedelta(**by))


def _drafts(cast: Cast) -> int:
    with cast.database.session(system_scope("tests")) as session:
        return len(session.scalars(select(Draft.id)).all())


@pytest.mark.parametrize("number", ["9" * 19, "9" * 30, "9" * 5000, "٣", "-1", "1.5", "", "x"])
def test_a_session_number_that_is_none_ends_nothing(client_of: ClientOf, number: str) -> None:
    client = client_of("qin")
    assert post(client, "/account/sessions/end", session=number).status_code in (302, 404)
    assert get(client, "/").status_code == 200


def test_a_nul_character_is_refused_wherever_it_stands(client_of: ClientOf) -> None:
    client = client_of("qin")
    assert get(client, "/search?q=%00").status_code == 400
    assert get(client, "/no-such-page/%00").status_code == 400
    assert post(client, "/login", login="q\0in", password="x").status_code == 400
    assert post(client, "/account", language="en\0").status_code == 400


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil", "[::1", "a b", "", "恶意"]
)
def test_a_site_with_named_hosts_answers_to_no_other(sqlite_cast: Cast, site: Flask, host: str, tmp_path: Path) -> None:
    url = sqlite_cast.database.url.render_as_string(hide_password=False)
    environment = {"SHOUWANG_KEYS": str(tmp_path / "keys.json"), "SHOUWANG_HOSTS": "LocalHost, guanai.example"}
    named = create_app(Settings.from_environment(environment, instance=str(tmp_path), database=url))
    client = named.test_client()
    assert client.get("/login", base_url=TLS).status_code == 200
    answer = client.get("/login", base_url=TLS, headers={"Host": host.encode().decode("latin1")})
    assert answer.status_code == 400
    assert host == "" or host not in answer.text
    named.extensions["shouwang"].database.dispose()


def test_a_foreign_host_name_never_comes_back_in_a_page(site: Flask) -> None:
    for path in ("/", "/login", "/no-such-page", "/healthz"):
        answer = site.test_client().get(path, base_url=TLS, headers={"Host": "evil.example"})
        assert "evil.example" not in answer.text + answer.headers.get("Location", "")


def test_a_wrong_method_is_told_which_ones_there_are(client_of: ClientOf) -> None:
    answer = get(client_of("qin"), "/logout")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert "不能这样打开" in answer.text


def test_a_script_is_told_that_the_session_ended_instead_of_being_sent_to_the_log_in_page(
    client_of: ClientOf, site: Flask
) -> None:
    client = client_of("qin")
    _later(site, minutes=31)
    for headers in ({"HX-Request": "true"}, {"Sec-Fetch-Dest": "empty"}):
        answer = get(client, "/cases/", headers=headers)
        assert answer.status_code == 401
        assert "Location" not in answer.headers


def test_a_session_that_was_ended_on_purpose_keeps_nothing(client_of: ClientOf, site: Flask, sqlite_cast: Cast) -> None:
    client = client_of("qin")
    csrf = token(client, "/account")
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.scalars(select(LoginSession)).one().ended_at = NOW
    answer = client.post("/drafts?for=/cases/x", data={"csrf_token": csrf, "note": "写到一半"}, base_url=TLS)
    assert (answer.status_code, "kept" in answer.location) == (302, False)
    assert _drafts(sqlite_cast) == 0


@pytest.mark.parametrize(("hours", "length", "kept"), [(1, 10, 1), (13, 10, 0), (1, 300_000, 0)])
def test_a_form_of_the_same_day_is_kept_when_it_is_not_too_long(
    client_of: ClientOf, site: Flask, sqlite_cast: Cast, hours: int, length: int, kept: int
) -> None:
    client = client_of("qin")
    csrf = token(client, "/account")
    _later(site, hours=hours)
    answer = client.post("/drafts?for=/cases/x", data={"csrf_token": csrf, "note": "写" * length}, base_url=TLS)
    assert answer.status_code == 302
    assert ("kept=1" in answer.location) == bool(kept)
    assert _drafts(sqlite_cast) == kept


def test_a_database_that_does_not_answer_gives_a_page_that_says_so(
    client_of: ClientOf, site: Flask, sqlite_cast: Cast
) -> None:
    client = client_of("qin")
    site.extensions["shouwang"].database.dispose()
    file = Path(str(sqlite_cast.database.url.database))
    sqlite_cast.database.dispose()
    for part in file.parent.glob(f"{file.name}*"):
        part.unlink()
    file.mkdir()
    for path in ("/", "/cases/", "/account"):
        answer = get(client, path)
        assert answer.status_code == 503
        assert "暂时不能办理" in answer.text
        assert answer.headers["X-Request-Id"] in answer.text
        assert "sqlite" not in answer.text.casefold()
        assert "Traceback" not in answer.text
    assert get(client, "/healthz").status_code == 200
    assert get(client, "/readyz").status_code == 503


def test_a_database_without_the_schema_is_not_ready(site: Flask, sqlite_cast: Cast) -> None:
    with sqlite_cast.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    answer = get(site.test_client(), "/readyz")
    assert answer.status_code == 503
    assert "0001" in answer.json["reason"]  # type: ignore[index]


def test_a_fault_of_the_program_shows_its_number_and_nothing_of_its_inside(
    client_of: ClientOf, site: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> str:
        raise RuntimeError("a secret of the inside")

    client = client_of("qin")
    site.config["SHOW_ERROR_PAGES"] = True
    monkeypatch.setitem(site.view_functions, "account.sessions", broken)
    answer = get(client, "/account/sessions")
    assert answer.status_code == 500
    assert "秦素芬" in answer.text  # the frame stays
    assert answer.headers["X-Request-Id"] in answer.text
    assert "secret" not in answer.text
    assert "a secret of the inside" in caplog.text


def test_figures_are_not_given_through_a_proxy_that_is_not_named(site: Flask) -> None:
    client = site.test_client()
    assert get(client, "/metrics").status_code == 200
    assert get(client, "/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 403


def test_static_files_are_kept_by_browsers_only_at_the_address_of_their_content(site: Flask) -> None:
    page = get(site.test_client(), "/login").text
    asked = page.split('href="/static/css/tokens.css', 1)[1].split('"', 1)[0]
    assert "immutable" in _head(site, f"/static/css/tokens.css{asked}", "Cache-Control")
    for other in ("", "?v=", "?v=000000000000"):
        assert "immutable" not in _head(site, f"/static/css/tokens.css{other}", "Cache-Control")
