"""A child's page tells of pairings, plans and other matters, and offers what may be begun."""

from __future__ import annotations

from datetime import timedelta

from tests.casework import opened
from tests.cast import NOW, Cast
from tests.steps import FILE, PROPOSED, REFERRED
from tests.web.browser import ClientOf, get
from workflows.operations.case import Request, act_on_case
from workflows.policy import Permission


def test_a_child_without_cases_says_so_and_offers_what_a_class_teacher_may_begin(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    page = get(client_of("zhou"), f"/children/details/?id={child}&tab=pairing").text
    assert "还没有结对" in page
    assert f"/open/pairing/child/{child}" in page
    assert f"/open/individual_plan/child/{child}" in page
    assert f"/open/inspection/child/{child}" not in page


def test_the_pairing_tab_names_the_helper_the_goal_and_what_was_done(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    number = opened(sqlite_cast, "pairing", child, "zhou", PROPOSED)
    page = get(client_of("zhou"), f"/children/details/?id={child}&tab=pairing").text
    for word in (number, "石丽萍", "帮扶教师", "每天完成作业", "待应允", "谈心 0 · 家访 0", f"/papers/pledge/{number}"):
        assert word in page, word


def test_a_plan_does_not_exist_for_those_outside_its_circle(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    number = opened(sqlite_cast, "individual_plan", child, "meng", REFERRED)
    inside = get(client_of("meng"), f"/children/details/?id={child}&tab=plan").text
    assert number in inside
    office = client_of("qin")
    plain = get(office, f"/children/details/?id={child}").text
    asked = get(office, f"/children/details/?id={child}&tab=plan").text
    for page in (plain, asked):
        assert number not in page
        assert "tab=plan" not in page
    assert "还没有事项" in get(office, f"/children/details/?id={child}&tab=cases").text


def test_what_a_form_said_of_numbers_and_addresses_stands_in_part(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302", "陈一"))
    with sqlite_cast.acting("zhou", Permission.CASE_ACT) as tx:
        act_on_case(tx, number, Request("complete", answers=FILE))
    for login in ("qin", "zhou"):
        page = get(client_of(login), f"/cases/{number}?tab=records").text
        assert "138****2716" in page
        assert "13800002716" not in page
        assert "大坝村3组" not in page


def test_what_cannot_be_done_says_so_before_its_form_is_opened(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    number = opened(sqlite_cast, "pairing", child, "zhou", PROPOSED)
    teacher = client_of("zhou")
    page = get(teacher, f"/cases/{number}").text
    assert "帮扶人有账号，由本人应允" in page
    assert f"/cases/{number}/accept_for" not in page
    assert get(teacher, f"/cases/{number}/accept_for").status_code == 403


def test_what_came_back_last_waits_first(sqlite_cast: Cast, client_of: ClientOf) -> None:
    numbers = [sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302", name)) for name in ("陈一", "陈二")]
    with sqlite_cast.acting("zhou", Permission.CASE_ACT) as tx:
        act_on_case(tx, numbers[0], Request("complete", answers=FILE))
    with sqlite_cast.acting("qin", Permission.CASE_ACT, NOW + timedelta(hours=1)) as tx:
        act_on_case(tx, numbers[0], Request("send_back", answers={"reason": "缺电话"}))
    page = get(client_of("zhou"), "/").text
    assert page.index(f"/cases/{numbers[0]}") < page.index(f"/cases/{numbers[1]}")
