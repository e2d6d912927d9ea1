"""The pages of the turn: the wave, a school's choices, the check, the end; a child's class; somebody who leaves."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from admin_app import create_app
from admin_app.config import Settings
from models.case import Case
from models.child import Child
from models.place import Place
from models.scope import system_scope
from models.staff import Appointment, Staff
from models.vault import Keystore
from tests.cast import PASSWORD, Cast
from tests.web.browser import ClientOf, get, post
from workflows.operations.setting import switch_officers

SUMMER = datetime(2027, 8, 25, 2, 0, tzinfo=UTC)


@pytest.fixture
def summer(site: Flask, sqlite_cast: Cast, keystore: Keystore, tmp_path: Path) -> FlaskClient:
    """The office of the school between two school years."""
    url = str(sqlite_cast.database.url.render_as_string(hide_password=False))
    keys = {"SHOUWANG_KEYS": str(tmp_path / "keys.json")}
    app = create_app(Settings.from_environment(keys, instance=str(tmp_path), database=url), clock=lambda: SUMMER)
    app.config.update(TESTING=True)
    client = app.test_client()
    assert post(client, "/login", login="qin", password=PASSWORD).status_code == 302
    return client


def page(client: FlaskClient, path: str) -> str:
    answer = get(client, path)
    assert answer.status_code == 200, answer.status
    return unescape(answer.text)


def body(answer: TestResponse) -> str:
    return unescape(answer.text)


def rows(cast: Cast, row_class: type, *conditions: object) -> list:
    with cast.database.session(system_scope("tests")) as session:
        return list(session.scalars(select(row_class).where(*conditions).order_by(row_class.id)))


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of the form of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text)
    return {name: value for name, value in found if name != "csrf_token"}


def test_the_wave_tells_its_counts_and_opens_once(client_of: ClientOf, sqlite_cast: Cast) -> None:
    for name in ("林小禾", "田浩然"):
        sqlite_cast.add_child("ZX-2302", name)
    qin = client_of("qin")
    assert "为 2 名在册儿童各建一份" in page(qin, "/turns/waves/ZX")
    fields = hidden(page(qin, "/turns/waves/ZX"))
    answer = post(qin, "/turns/waves/ZX", "/turns/waves/ZX", **fields)
    assert (answer.status_code, answer.location) == (302, "/turns/waves/ZX")
    shown = page(qin, "/turns/waves/ZX")
    assert "已新建 2 份档案，0 份按未完成结束" in shown
    assert "在册儿童本学期都已有档案" in shown
    post(qin, "/turns/waves/ZX", "/turns/waves/ZX", **fields)
    assert len(rows(sqlite_cast, Case)) == 2


def test_a_wave_of_another_term_is_refused_in_words(client_of: ClientOf, sqlite_cast: Cast) -> None:
    sqlite_cast.add_child("ZX-2302")
    qin = client_of("qin")
    post(qin, "/turns/waves/ZX", "/turns/waves/ZX", term="12345")
    assert "学期已经变了" in page(qin, "/turns/waves/ZX")
    assert rows(sqlite_cast, Case) == []


def test_in_the_holidays_the_page_says_that_the_term_is_over(summer: FlaskClient, sqlite_cast: Cast) -> None:
    sqlite_cast.add_child("ZX-2302")
    shown = page(summer, "/turns/waves/ZX")
    assert "这个学期已经结束" in shown
    assert "第 None 周" not in shown


def test_a_wave_before_the_turn_warns_of_the_graduates_that_it_would_count(
    client_of: ClientOf, sqlite_cast: Cast
) -> None:
    sqlite_cast.add_child("ZX-2101", "毕业生")
    sqlite_cast.add_child("ZX-2302")
    chen = client_of("chen")
    assert "还没有办“各校更替”" not in page(chen, "/turns/waves/LX")
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.scalars(select(Place).where(Place.code == "ZX-2101")).one().cohort = 2020
    shown = page(chen, "/turns/waves/LX")
    assert "1 所学校还没有办“各校更替”" in shown
    assert "柳溪镇中心小学（毕业班 1 人）" in shown
    assert "还没有办“各校更替”" not in page(chen, "/turns/waves/SQ")


def test_a_school_is_led_from_the_choices_over_the_check_to_the_end(summer: FlaskClient, sqlite_cast: Cast) -> None:
    leaver = sqlite_cast.add_child("ZX-2101", "毕业生")
    ids = {code: place.id for code, place in sqlite_cast.places.items()}
    listed = page(summer, "/turns/")
    assert "未办" in listed
    assert "None" not in listed
    shown = page(summer, "/turns/schools/ZX")
    assert "六（1）班" in shown
    assert "换班主任由安全管理员" in shown
    assert f'name="teacher-{ids["ZX-2302"]}"' not in shown
    choices = {f"to-{ids['ZX-2101']}": "柳溪中学", f"merge-{ids['ZX-2301']}": ids["ZX-2302"], "new_classes": "2"}
    checked = post(summer, "/turns/schools/ZX/check", "/turns/schools/ZX", **choices)
    assert checked.status_code == 200
    words = body(checked)
    assert all(part in words for part in ("柳溪中学", "并入别班的班", "一（2）班", "返回修改"))
    assert rows(sqlite_cast, Child, Child.id == leaver)[0].status == "on_file"  # nothing is written yet
    again = post(summer, "/turns/schools/ZX/check", "/turns/schools/ZX", **hidden(words), back="1")
    assert 'value="柳溪中学"' in body(again)
    done = post(summer, "/turns/schools/ZX", "/turns/schools/ZX", **hidden(words))
    assert (done.status_code, done.location) == (302, "/turns/schools/ZX")
    ended = page(summer, "/turns/schools/ZX")
    assert "2027-08-25 10:00 已办好" in ended
    assert "本学期摸底" not in ended  # in the holidays there is no term to count in
    assert "新生名册等开学再导入" in ended
    assert "五（2）班" in ended
    child = rows(sqlite_cast, Child, Child.id == leaver)[0]
    assert (child.status, child.left_on) == ("left", date(2027, 8, 25))
    assert [place.is_closed for place in rows(sqlite_cast, Place, Place.code.in_(["ZX-2101", "ZX-2301"]))] == [True] * 2
    assert "已办" in page(summer, "/turns/")
    twice = post(summer, "/turns/schools/ZX", "/turns/schools/ZX", **hidden(words))
    assert twice.status_code == 302
    assert "这个学年已经更替过" in page(summer, "/turns/schools/ZX")


def test_a_wrong_number_of_classes_stands_beside_its_box_with_all_that_was_typed(
    summer: FlaskClient, sqlite_cast: Cast
) -> None:
    to = f"to-{sqlite_cast.places['ZX-2101'].id}"
    answer = post(summer, "/turns/schools/ZX/check", "/turns/schools/ZX", new_classes="两个", **{to: "柳溪中学"})
    assert answer.status_code == 422
    assert "应为 0 至 30 的整数" in body(answer)
    assert 'value="两个"' in body(answer)
    assert 'value="柳溪中学"' in body(answer)


def test_a_page_that_is_out_of_date_turns_nothing(summer: FlaskClient, sqlite_cast: Cast) -> None:
    words = body(post(summer, "/turns/schools/ZX/check", "/turns/schools/ZX", new_classes="0"))
    sqlite_cast.add_child("ZX-2302")
    post(summer, "/turns/schools/ZX", "/turns/schools/ZX", **hidden(words))
    assert "请核对后再办" in page(summer, "/turns/schools/ZX")
    assert not rows(sqlite_cast, Place, Place.code == "ZX-2101")[0].is_closed


def test_a_small_school_without_the_three_officers_changes_class_teachers_too(
    summer: FlaskClient, sqlite_cast: Cast
) -> None:
    with sqlite_cast.system() as tx:
        switch_officers(tx, False, was_separate=True, reason="小学校人手少")
    teacher, meng = f"teacher-{sqlite_cast.places['ZX-2302'].id}", sqlite_cast["meng"].staff_id
    assert f'name="{teacher}"' in page(summer, "/turns/schools/ZX")
    choices = {"new_classes": "1", teacher: meng}
    words = body(post(summer, "/turns/schools/ZX/check", "/turns/schools/ZX", **choices))
    assert "新任" in words
    chosen = hidden(words) | {"new-teacher-1": str(sqlite_cast["zhou"].staff_id)}
    post(summer, "/turns/schools/ZX", "/turns/schools/ZX", **chosen)
    held = {
        (post_.class_code, post_.staff_id)
        for post_ in rows(sqlite_cast, Appointment, Appointment.role == "class_teacher")
        if post_.holds_on(date(2027, 8, 25))
    }
    assert {("ZX-2302", meng), ("ZX-2701", sqlite_cast["zhou"].staff_id)} <= held


def test_a_child_moves_class_by_the_button_on_its_page(client_of: ClientOf, sqlite_cast: Cast) -> None:
    child_id, qin = sqlite_cast.add_child("ZX-2302"), client_of("qin")
    address = f"/children/move/?id={child_id}"
    assert address in page(qin, f"/children/details/?id={child_id}")
    assert address not in page(client_of("zhou"), f"/children/details/?id={child_id}")
    fields = hidden(page(qin, address))
    empty = post(qin, address, address, **fields, reason="换班")
    assert empty.status_code == 422
    assert "请选择转到哪个班" in body(empty)
    target = sqlite_cast.places["ZX-2301"].id
    assert "请写明转班的原因" in body(post(qin, address, address, **fields, **{"class": target}))
    done = post(qin, address, address, **fields, reason="换班", **{"class": target})
    assert done.status_code == 302
    assert rows(sqlite_cast, Child)[0].class_code == "ZX-2301"
    stale = post(qin, address, address, **fields, reason="换班", **{"class": sqlite_cast.places["ZX-2302"].id})
    assert stale.status_code == 422
    assert rows(sqlite_cast, Child)[0].class_code == "ZX-2301"


def test_the_security_officer_hands_over_what_a_teacher_holds(client_of: ClientOf, sqlite_cast: Cast) -> None:
    sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302", "林小禾"))
    sec, zhou = client_of("sec"), sqlite_cast["zhou"].staff_id
    address = f"/staff/leave/?id={zhou}"
    assert address in page(sec, f"/staff/details/?id={zhou}")
    shown = page(sec, address)
    assert "林小禾" not in shown  # officers read figures, no business rows
    fields = hidden(shown) | {"from_on": "2026-11-20", "reason": "调离"}
    refused = post(sec, address, address, **fields)
    assert refused.status_code == 422
    assert "1 名儿童将没有人负责" in body(refused)
    assert 'name="is_sure"' in body(refused)
    done = post(sec, address, address, **fields, all=sqlite_cast["meng"].staff_id)
    assert done.status_code == 302
    assert "已交接 1 项，结束 0 项" in page(sec, f"/staff/details/?id={zhou}")
    assert not rows(sqlite_cast, Staff, Staff.login == "zhou")[0].is_active
    assert address not in page(sec, f"/staff/details/?id={zhou}")


def test_a_part_marked_as_vacant_is_not_given_to_the_one_for_all(client_of: ClientOf, sqlite_cast: Cast) -> None:
    sec, shi = client_of("sec"), sqlite_cast["shi"].staff_id
    address = f"/staff/leave/?id={shi}"
    shown = page(sec, address)
    keys = re.findall(r'name="(to-post-\d+)"', shown)
    seen = re.findall(r'name="seen" value="([^"]+)"', shown)
    fields = hidden(shown) | {"from_on": "2026-11-20", "reason": "调离", "all": str(sqlite_cast["meng"].staff_id)}
    answer = post(sec, address, address, **fields | {"seen": seen, keys[0]: "none", keys[1]: ""})
    assert answer.status_code == 302, body(answer)
    given = [post_ for post_ in rows(sqlite_cast, Appointment) if post_.from_on == date(2026, 11, 20)]
    assert len(given) == 1


@pytest.mark.parametrize("written", ["", "2026-02-30", "x"])
def test_a_handover_without_a_day_keeps_what_was_typed(client_of: ClientOf, sqlite_cast: Cast, written: str) -> None:
    address = f"/staff/leave/?id={sqlite_cast['zhou'].staff_id}"
    sec = client_of("sec")
    answer = post(sec, address, address, **hidden(page(sec, address)) | {"from_on": written, "reason": "调离本校"})
    assert answer.status_code == 422
    assert "请填写交接日期" in body(answer)
    assert "调离本校" in body(answer)
