"""The screen of the three officers: who sees it, what it says, and the switch with its reason."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.audit import AuditEvent
from models.scope import system_scope
from models.setting import Setting
from models.staff import Staff
from tests.cast import Cast
from tests.office import events
from tests.web.browser import ClientOf, get, post
from workflows.operations.setting import OFFICERS_KEY

PAGE, SWITCH = "/officers/", "/officers/switch"


def _stands(cast: Cast) -> str | None:
    with cast.database.session(system_scope("tests")) as session:
        setting = session.get(Setting, OFFICERS_KEY)
        return setting.value if setting else None


def test_the_screen_says_what_is_kept_apart_and_who_holds_what(client_of: ClientOf) -> None:
    page = get(client_of("sec"), PAGE).text
    for said in ("已分设", "韦国梁", "黄志勤", "岑立新", "启用、停用账号", "审计管理员任何时候都不能兼另两类"):
        assert said in page
    assert "无人担任" not in page
    assert "三员未分设" not in page


@pytest.mark.parametrize("login", ["chen", "zhou", "tan", "feng", "bai", "sys", "aud", "nobody"])
def test_nobody_but_the_security_officer_opens_or_switches_it(
    sqlite_cast: Cast, client_of: ClientOf, login: str
) -> None:
    client = client_of(login)
    assert get(client, PAGE).status_code == 403
    assert "/officers/" not in get(client, "/").text
    assert post(client, f"{SWITCH}?to=off", reason="学校人少").status_code == 403
    assert _stands(sqlite_cast) is None
    assert [action for _who, action, _changes in events(sqlite_cast)].count("access.denied") == 2


def test_switching_wants_a_reason_and_tells_it_to_the_trail_sealed(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("sec")
    refused = post(client, f"{SWITCH}?to=off", reason=" ")
    assert refused.status_code == 422
    assert "请写明理由" in refused.text
    assert _stands(sqlite_cast) is None

    assert post(client, f"{SWITCH}?to=off", reason="教学点只有两名教师").location == PAGE
    assert _stands(sqlite_cast) == "false"
    assert ("黄志勤", "setting.changed", {OFFICERS_KEY: ("true", "false")}) in events(sqlite_cast)
    with sqlite_cast.database.session(system_scope("tests"), kind="audit") as session:
        told = session.scalars(select(AuditEvent).where(AuditEvent.action == "setting.changed")).one()
    assert "教学点" not in told.body
    assert told.city_code == "QZ", "the audit officer of the city reads it"


def test_the_office_does_the_officers_work_until_they_return(sqlite_cast: Cast, client_of: ClientOf) -> None:
    post(client_of("sec"), f"{SWITCH}?to=off", reason="教学点只有两名教师")
    office = client_of("chen")
    page = get(office, PAGE).text
    assert "未分设" in page
    assert "恢复分设" in page
    assert "三员未分设" in get(client_of("zhou"), "/").text, "everybody sees that the officers are not separate"
    assert get(office, "/staff/new/").status_code == 200
    assert post(office, f"{SWITCH}?to=on", reason="人员已配齐").status_code == 302
    assert _stands(sqlite_cast) == "true"
    assert get(office, PAGE).status_code == 403


def test_separation_waits_until_the_officers_are_there(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("sec")
    post(client, f"{SWITCH}?to=off", reason="教学点只有两名教师")
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.scalars(select(Staff).where(Staff.login == "sys")).one().is_active = False
    page = get(client, PAGE).text
    assert "还缺 1 类管理员，不能分设" in page
    assert f"{SWITCH}?to=on" not in page
    refused = post(client, f"{SWITCH}?to=on", reason="人员已配齐")
    assert refused.status_code == 422
    assert "还缺 1 类管理员" in refused.text


def test_a_second_press_finds_the_switch_changed(client_of: ClientOf) -> None:
    client = client_of("sec")
    post(client, f"{SWITCH}?to=off", reason="教学点只有两名教师")
    assert post(client, f"{SWITCH}?to=off", reason="教学点只有两名教师").status_code == 409
