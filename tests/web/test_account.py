"""Logging in, staying in, being thrown out: nothing typed is lost and nothing is told to strangers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from admin_app.security import local_path
from models.scope import system_scope
from models.staff import LoginSession, Staff
from tests.cast import NOW, PASSWORD, Cast
from tests.web.browser import ClientOf, get, post, token


def _staff(cast: Cast, login: str, **values: object) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        staff = session.scalars(select(Staff).where(Staff.login == login)).one()
        for key, value in values.items():
            setattr(staff, key, value)


def test_the_right_password_opens_the_first_page(client_of: ClientOf, sqlite_cast: Cast) -> None:
    page = get(client_of("qin"), "/")
    assert page.status_code == 200
    assert "秦素芬" in page.text
    told = sqlite_cast.events("account.logged_in")
    assert [(e["subject_type"], e["outcome"]) for e in told] == [("staff", "done")]


def test_a_stranger_sees_the_log_in_page_only(site: Flask) -> None:
    client = site.test_client()
    for path in ("/", "/cases/", "/filing/", "/search?q=林", "/account"):
        answer = get(client, path)
        assert answer.status_code == 302
        assert answer.location.startswith("/login")


def test_a_wrong_password_and_an_unknown_account_get_the_same_answer(site: Flask) -> None:
    client = site.test_client()
    pages = [post(client, "/login", login=login, password="x" * 12).text for login in ("qin", "no-such-person")]
    assert all("账号或密码不对" in page for page in pages)


@pytest.mark.parametrize("login", ["qin", "no-such-person"])
def test_five_failures_lock_an_account_whether_it_exists_or_not(site: Flask, login: str, sqlite_cast: Cast) -> None:
    client = site.test_client()
    for _ in range(5):
        post(client, "/login", login=login, password="wrong-password")
    assert "尝试次数太多" in post(client, "/login", login=login, password=PASSWORD).text
    refused = sqlite_cast.events("account.login_refused")
    assert [e["facts"]["code"] for e in refused] == ["wrong"] * 5 + ["locked"]


def test_the_lock_ends_and_grows_with_further_failures(site: Flask) -> None:
    client, office = site.test_client(), site.extensions["shouwang"]
    moment = [NOW]
    object.__setattr__(office, "clock", lambda: moment[0])
    for _ in range(5):
        post(client, "/login", login="qin", password="wrong-password")
    moment[0] = NOW + timedelta(seconds=61)
    post(client, "/login", login="qin", password="wrong-password")
    moment[0] = NOW + timedelta(seconds=61 + 61)
    assert "尝试次数太多" in post(client, "/login", login="qin", password=PASSWORD).text
    moment[0] = NOW + timedelta(minutes=5)
    assert post(client, "/login", login="qin", password=PASSWORD).status_code == 302


def test_an_account_that_was_not_granted_cannot_log_in(site: Flask, sqlite_cast: Cast) -> None:
    _staff(sqlite_cast, "qin", is_active=False)
    assert "还没有启用" in post(site.test_client(), "/login", login="qin", password=PASSWORD).text


def test_switching_an_account_off_works_on_the_next_request(client_of: ClientOf, sqlite_cast: Cast) -> None:
    client = client_of("qin")
    _staff(sqlite_cast, "qin", is_active=False)
    assert get(client, "/").status_code == 302


def test_a_first_password_must_be_changed_before_anything_else(client_of: ClientOf, sqlite_cast: Cast) -> None:
    client = client_of("meng")
    _staff(sqlite_cast, "meng", must_change_password=True)
    assert get(client, "/cases/").location == "/account/password"
    page = post(client, "/account/password", page="/account/password", new="short", repeat="short")
    assert "至少 10 个字符" in page.text
    page = post(client, "/account/password", page="/account/password", new="meng-meng-meng", repeat="meng-meng-meng")
    assert "不要带账号" in page.text
    page = post(client, "/account/password", page="/account/password", new="1234567890", repeat="1234567890")
    assert "太常见" in page.text
    new = "yu-hou-chu-qing-77"
    assert post(client, "/account/password", page="/account/password", new=new, repeat=new).status_code == 302
    assert get(client, "/cases/").status_code == 200
    assert len(sqlite_cast.events("account.password_changed")) == 1


def test_changing_the_password_ends_the_other_sessions(client_of: ClientOf) -> None:
    here, there = client_of("qin"), client_of("qin")
    new = "yu-hou-chu-qing-77"
    wrong = post(here, "/account/password", page="/account/password", current="nope-nope-nope", new=new, repeat=new)
    assert "当前密码不对" in wrong.text
    post(here, "/account/password", page="/account/password", current=PASSWORD, new=new, repeat=new)
    assert get(here, "/").status_code == 200
    assert get(there, "/").status_code == 302


def test_a_session_can_be_ended_from_another_one_but_not_by_another_person(
    client_of: ClientOf, sqlite_cast: Cast
) -> None:
    here, there, other = client_of("qin"), client_of("qin"), client_of("bai")
    with sqlite_cast.database.session(system_scope("tests")) as session:
        numbers = session.scalars(select(LoginSession.id).order_by(LoginSession.id)).all()
    assert post(other, "/account/sessions/end", session=str(numbers[1])).status_code == 404
    assert get(there, "/").status_code == 200
    assert post(here, "/account/sessions/end", session=str(numbers[1])).status_code == 302
    assert get(there, "/").status_code == 302
    assert get(here, "/").status_code == 200


def test_an_idle_session_ends_after_thirty_minutes(client_of: ClientOf, site: Flask) -> None:
    client = client_of("qin")
    object.__setattr__(site.extensions["shouwang"], "clock", lambda: NOW + timedelta(minutes=31))
    assert get(client, "/").status_code == 302


def test_what_was_typed_waits_when_the_session_has_ended(client_of: ClientOf, site: Flask, sqlite_cast: Cast) -> None:
    number = sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302"))
    client = client_of("zhou")
    csrf = token(client, f"/cases/{number}/complete")
    object.__setattr__(site.extensions["shouwang"], "clock", lambda: NOW + timedelta(minutes=31))
    typed = {"csrf_token": csrf, "guardian_name": "谢月英", "home_address": "大坝村三组", "rev": "1"}
    answer = client.post(f"/cases/{number}/complete", data=typed, base_url="https://localhost")
    assert answer.status_code == 302
    assert "kept=1" in answer.location
    assert post(client, "/login", page=answer.location, login="zhou", password=PASSWORD).status_code == 302
    page = get(client, f"/cases/{number}/complete")
    assert "谢月英" in page.text
    assert "大坝村三组" in page.text
    assert "谢月英" not in get(client_of("qin"), f"/cases/{number}").text


def test_a_post_without_token_is_refused_with_a_page(client_of: ClientOf) -> None:
    answer = client_of("qin").post("/logout", base_url="https://localhost")
    assert answer.status_code == 400
    assert "页面已过期" in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "http://localhost\\@evil",
        "/a\nb",
        "",
        "x",
    ],
)
def test_only_paths_of_this_site_are_followed(client_of: ClientOf, site: Flask, target: str) -> None:
    assert local_path(target) is None
    client = site.test_client()
    csrf = token(client)
    answer = client.post(
        "/login",
        query_string={"next": target},
        data={"csrf_token": csrf, "login": "qin", "password": PASSWORD},
        base_url="https://localhost",
    )
    assert answer.location == "/"


def test_every_answer_carries_the_content_policy_and_is_not_kept(client_of: ClientOf, site: Flask) -> None:
    client = client_of("qin")
    for path in ("/login", "/", "/cases/", "/no-such-page", "/healthz", "/static/css/tokens.css"):
        answer = get(client, path)
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"], path
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        if not path.startswith("/static"):
            assert answer.headers["Cache-Control"] == "no-store", path
        answer.close()


def test_cookies_are_for_this_site_over_tls_only(site: Flask) -> None:
    cookie = get(site.test_client(), "/login").headers["Set-Cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_a_body_that_is_too_large_is_refused_with_a_page(client_of: ClientOf) -> None:
    client = client_of("qin")
    typed = {"csrf_token": token(client, "/account"), "a": "x" * (33 * 1024 * 1024)}
    answer = client.post("/drafts?for=/x", data=typed, base_url="https://localhost")
    assert answer.status_code == 413
    assert "文件太大" in answer.text


def test_preferences_are_kept_with_the_account(client_of: ClientOf) -> None:
    client = client_of("qin")
    post(client, "/account", language="en", theme="dark", size="large")
    page = get(client, "/account").text
    assert 'lang="en"' in page
    assert 'data-theme="dark"' in page
    assert 'data-size="large"' in page
    assert post(client, "/account/appearance", theme="no-such-theme").status_code == 409


def test_a_watchdog_learns_whether_the_site_can_work(site: Flask) -> None:
    client: FlaskClient = site.test_client()
    assert get(client, "/healthz").json == {"status": "ok"}
    assert get(client, "/readyz").json["status"] == "ok"  # type: ignore[index]
    assert "shouwang_requests_total" in get(client, "/metrics").text
    away = client.get("/metrics", base_url="https://localhost", environ_base={"REMOTE_ADDR": "203.0.113.7"})
    assert away.status_code == 403
