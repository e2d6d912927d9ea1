"""What a form advises is read before it is sent, stands on the case's page, and keeps nobody from going on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from models.case import Case
from models.scope import system_scope
from models.staff import Staff
from tests.cast import Cast
from tests.web.browser import ClientOf, get, post
from workflows.operations.case import Request, act_on_case
from workflows.policy import Permission

OTHER_SEX = "帮扶人与儿童不同性别"


@pytest.fixture
def child(sqlite_cast: Cast) -> int:
    """A girl of the class, beside a man and a woman on the staff."""
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.get_one(Staff, sqlite_cast["shi"].staff_id).sex = "male"
        session.get_one(Staff, sqlite_cast["meng"].staff_id).sex = "female"
    return sqlite_cast.add_child("ZX-2302", "陈一")


def _typed(cast: Cast, helper: str = "shi", **more: str) -> dict[str, str]:
    who = str(cast[helper].staff_id)
    return {"kind": "helper", "helper": who, "term_goal": "每天完成作业", "request_key": "k-1", **more}


def _mark(page: str) -> str:
    found = re.search(r'name="advised" value="(\w+)"', page)
    assert found
    return found[1]


def _cases(cast: Cast) -> int:
    with cast.database.session(system_scope("tests")) as session:
        return len(session.scalars(select(Case.id)).all())


def _send(client: FlaskClient, path: str, **fields: Any) -> Any:
    return post(client, path, **fields)


def test_the_form_says_it_once_keeps_what_was_typed_and_then_goes_on(
    sqlite_cast: Cast, client_of: ClientOf, child: int
) -> None:
    teacher, path = client_of("zhou"), f"/open/pairing/child/{child}"
    asked = _send(teacher, path, **_typed(sqlite_cast))
    assert asked.status_code == 200
    assert OTHER_SEX in asked.text
    assert "每天完成作业" in asked.text
    assert "仍要发起" in asked.text
    assert _cases(sqlite_cast) == 0
    done = _send(teacher, path, **_typed(sqlite_cast, advised=_mark(asked.text)))
    assert done.status_code == 302
    page = get(teacher, done.location).text
    assert OTHER_SEX in page
    again = _send(teacher, path, **_typed(sqlite_cast, advised=_mark(asked.text)))
    assert again.location == done.location
    assert _cases(sqlite_cast) == 1


def test_nothing_is_asked_where_there_is_nothing_to_advise(sqlite_cast: Cast, client_of: ClientOf, child: int) -> None:
    done = _send(client_of("zhou"), f"/open/pairing/child/{child}", **_typed(sqlite_cast, "meng"))
    assert done.status_code == 302
    assert OTHER_SEX not in get(client_of("zhou"), done.location).text


def test_faults_come_before_advice(sqlite_cast: Cast, client_of: ClientOf, child: int) -> None:
    refused = _send(client_of("zhou"), f"/open/pairing/child/{child}", **_typed(sqlite_cast, term_goal=""))
    assert refused.status_code == 422
    assert OTHER_SEX not in refused.text


@pytest.mark.parametrize("mark", ["", "0", "x" * 5000, "林"])
def test_a_mark_that_nobody_gave_is_no_reading(sqlite_cast: Cast, client_of: ClientOf, child: int, mark: str) -> None:
    asked = _send(client_of("zhou"), f"/open/pairing/child/{child}", **_typed(sqlite_cast, advised=mark))
    assert (asked.status_code, _cases(sqlite_cast)) == (200, 0)


def test_the_mark_of_other_advice_that_no_longer_holds_asks_nothing(
    sqlite_cast: Cast, client_of: ClientOf, child: int
) -> None:
    path = f"/open/pairing/child/{child}"
    mark = _mark(_send(client_of("zhou"), path, **_typed(sqlite_cast)).text)
    done = _send(client_of("zhou"), path, **_typed(sqlite_cast, "meng", advised=mark))
    assert done.status_code == 302


def test_a_step_says_it_too(sqlite_cast: Cast, client_of: ClientOf, child: int) -> None:
    teacher = client_of("zhou")
    number = _send(teacher, f"/open/pairing/child/{child}", **_typed(sqlite_cast, "meng")).location.rsplit("/")[-1]
    signed = {"duties": ["talk_monthly"], "signed_on": "2026-11-20", "signed_for_child": "guardian", "copies": "是"}
    for login, step, answers in (("meng", "accept", {"times_a_month": "2"}), ("zhou", "sign", signed)):
        with sqlite_cast.acting(login, Permission.CASE_ACT) as tx:
            act_on_case(tx, number, Request(step, answers=answers))
    change = {"helper": str(sqlite_cast["shi"].staff_id), "handed_over": "数学已补到第三单元", "reason": "课务调整"}
    asked = _send(teacher, f"/cases/{number}/change", **change)
    assert asked.status_code == 200
    assert OTHER_SEX in asked.text
    assert "仍要更换帮扶人" in asked.text
    assert _send(teacher, f"/cases/{number}/change", **change, advised=_mark(asked.text)).status_code == 302
    assert OTHER_SEX in get(teacher, f"/cases/{number}").text
    assert OTHER_SEX in get(client_of("shi"), f"/cases/{number}").text


def test_who_may_not_open_the_case_is_told_nothing(sqlite_cast: Cast, client_of: ClientOf, child: int) -> None:
    for login in ("meng", "bai", "feng"):
        answer = _send(client_of(login), f"/open/pairing/child/{child}", **_typed(sqlite_cast))
        assert answer.status_code in (403, 404)
        assert OTHER_SEX not in answer.text


def test_it_is_said_in_english(sqlite_cast: Cast, client_of: ClientOf, child: int) -> None:
    teacher = client_of("zhou")
    get(teacher, "/language/en?for=/")
    asked = _send(teacher, f"/open/pairing/child/{child}", **_typed(sqlite_cast))
    assert "of different sex" in asked.text


def test_inspectors_read_what_was_advised(sqlite_cast: Cast, client_of: ClientOf, child: int) -> None:
    teacher, path = client_of("zhou"), f"/open/pairing/child/{child}"
    mark = _mark(_send(teacher, path, **_typed(sqlite_cast)).text)
    _send(teacher, path, **_typed(sqlite_cast, advised=mark))
    entry = sqlite_cast.events("case.opened")[0]["number"]
    page = get(client_of("feng"), f"/audit/entries/{entry}").text
    assert "系统提示" in page
    assert OTHER_SEX in page
