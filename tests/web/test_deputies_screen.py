"""Naming deputies on the own account page and on a person's page, and being told for whom one acts."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from models.delegation import Delegation
from models.scope import system_scope
from tests import playing
from tests.cast import Cast
from tests.deciding import begin
from tests.web.browser import ClientOf, get, post

DAYS = {"first_on": "2026-11-20", "last_on": "2026-11-24"}


def _words(client: FlaskClient, path: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>|\s+", " ", get(client, path).text.split('id="main"')[1]))


def _name(client: FlaskClient, cast: Cast, absent: str, who: str, **more: Any) -> Any:
    fields = {"deputy": str(cast[who].staff_id), **DAYS, **more}
    return post(client, f"/deputies/{cast[absent].staff_id}/new", **fields)


def _rows(cast: Cast) -> list[Delegation]:
    with cast.database.session(system_scope("tests")) as session:
        return list(session.scalars(select(Delegation)))


def test_somebody_names_a_deputy_who_is_told_and_acts_for_them(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, "{who: [principal@school, office@school], mode: all}")
    tan = client_of("tan")
    assert "还没有代理人" in _words(tan, "/account")
    assert _name(tan, sqlite_cast, "tan", "meng").status_code == 302
    assert "孟晓岚" in _words(tan, "/account")
    meng = client_of("meng")
    assert "你正在代理 覃明远（至 11/24）" in _words(meng, "/")
    assert "由我代理" in _words(meng, "/account")
    page = get(meng, f"/cases/{joint.number}").text
    assert "代 覃明远 办理" in page, "before they act"
    assert post(meng, f"/cases/{joint.number}/agree").status_code == 302
    assert "孟晓岚（代覃明远）" in _words(tan, f"/cases/{joint.number}")


def test_the_form_of_a_step_says_for_whom_it_is_filled_in(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = playing.begin(sqlite_cast, "emergency").number
    _name(client_of("tan"), sqlite_cast, "tan", "meng")
    meng = client_of("meng")
    assert f"{number} · 代 覃明远 办理" in get(meng, f"/cases/{number}/tell_authority").text
    assert "代 覃明远" not in get(meng, f"/cases/{number}/tell_guardian").text, "which a counsellor may do as such"


def test_a_verb_used_for_somebody_says_for_whom(sqlite_cast: Cast, client_of: ClientOf) -> None:
    joint = begin(sqlite_cast, "{who: [principal@school, office@school], mode: all}")
    _name(client_of("tan"), sqlite_cast, "tan", "meng")
    meng = client_of("meng")
    assert "代 覃明远 办理" in get(meng, f"/cases/{joint.number}/verb/hand_over").text
    chen = str(sqlite_cast["chen"].staff_id)
    assert post(meng, f"/cases/{joint.number}/verb/hand_over", to=chen, note="都外出").status_code == 302
    told = sqlite_cast.events("case.handed_over")[-1]
    assert (told["actor_name"], told["facts"]["for"]) == ("孟晓岚", "覃明远")


def test_a_deputy_is_taken_back(sqlite_cast: Cast, client_of: ClientOf) -> None:
    tan = client_of("tan")
    _name(tan, sqlite_cast, "tan", "meng")
    (row,) = _rows(sqlite_cast)
    for login, code in (("meng", 403), ("zhou", 403), ("bai", 403)):
        assert get(client_of(login), f"/deputies/{row.id}/end").status_code == code
        assert post(client_of(login), f"/deputies/{row.id}/end").status_code == code
    assert "不再代 覃明远 办理" in get(tan, f"/deputies/{row.id}/end").text
    for _ in range(2):
        assert post(tan, f"/deputies/{row.id}/end").status_code == 302
    assert len(sqlite_cast.events("deputy.ended")) == 1
    assert "你正在代理" not in _words(client_of("meng"), "/")


def test_whoever_manages_accounts_names_deputies_for_others(sqlite_cast: Cast, client_of: ClientOf) -> None:
    sys = client_of("sys")
    path = f"/staff/details/?id={sqlite_cast['tan'].staff_id}"
    assert "/deputies/" in get(sys, path).text
    assert "/deputies/" not in get(client_of("sec"), path).text
    assert _name(sys, sqlite_cast, "tan", "meng").status_code == 302
    assert [row.made_by for row in _rows(sqlite_cast)] == [sqlite_cast["sys"].staff_id]
    for login in ("zhou", "qin", "bai", "nobody"):
        assert get(client_of(login), f"/deputies/{sqlite_cast['tan'].staff_id}/new").status_code == 403
        assert _name(client_of(login), sqlite_cast, "tan", "meng").status_code == 403


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"deputy": ""}, "请从名单里选代理人"),
        ({"deputy": "x"}, "请从名单里选代理人"),
        ({"first_on": "x"}, "请填写日期"),
        ({"last_on": "2026-11-01"}, "结束日期不能早于开始日期"),
        ({"last_on": "2029-11-01"}, "最长一年"),
        ({"workflows": "nothing"}, "没有这类事项"),
    ],
)
def test_what_does_not_do_is_said_beside_its_field(
    sqlite_cast: Cast, client_of: ClientOf, more: dict[str, str], said: str
) -> None:
    answer = _name(client_of("tan"), sqlite_cast, "tan", "meng", **more)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{more.get("last_on", DAYS["last_on"])}"' in answer.text
    if "deputy" not in more:
        assert re.search(rf'value="{sqlite_cast["meng"].staff_id}" checked', answer.text)
    assert _rows(sqlite_cast) == []
