"""A child's page tells of pairings, plans and other matters, offers what may be begun, and prints the pledge."""

from __future__ import annotations

from typing import Any

from tests.cast import Cast
from tests.steps import PEER, PROPOSED, REFERRED, SIGNED
from tests.web.browser import ClientOf, get
from workflows.operations.case import Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission


def opened(cast: Cast, workflow: str, child: int, login: str, answers: dict[str, Any]) -> str:
    named = {
        key: str(cast[value[1:]].staff_id) if isinstance(value, str) and value.startswith("@") else value
        for key, value in answers.items()
    }
    with cast.acting(login, Permission.CASE_ACT) as tx:
        return open_case_about(tx, workflow, "child", child, Beginning(named, None, f"k-{workflow}-{child}")).number


def act(cast: Cast, login: str, number: str, step: str, answers: dict[str, Any]) -> None:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        act_on_case(tx, number, Request(step, answers=answers))


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
    for word in (number, "石丽萍", "帮扶教师", "每天完成作业", "待应允", "谈心 0 · 家访 0"):
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


def test_a_pledge_is_printed_twice_with_empty_boxes_before_and_ticks_after_it_is_signed(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    number = opened(sqlite_cast, "pairing", child, "zhou", PEER)
    teacher = client_of("zhou")
    page = get(teacher, f"/papers/pledge/{number}").text
    assert page.count("每月谈心一次以上") == 2
    assert page.count("（盖章处）") == 2
    assert "☑" not in page
    assert "留守" not in page
    told = {"asked_on": "2026-11-20", "asked_how": "当面，家长同意", "times_a_month": "4"}
    act(sqlite_cast, "zhou", number, "accept_for", told)
    act(sqlite_cast, "zhou", number, "sign", dict(SIGNED))
    assert get(teacher, f"/papers/pledge/{number}").text.count("☑") == 2
    assert [e["facts"]["number"] for e in sqlite_cast.events("case.read")][-1] == number


def test_only_a_pairing_has_a_pledge_and_only_its_people_print_it(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    filing = sqlite_cast.open_case(child, "qin")
    number = opened(sqlite_cast, "pairing", child, "zhou", PEER)
    assert get(client_of("zhou"), f"/papers/pledge/{filing}").status_code == 404
    assert get(client_of("bai"), f"/papers/pledge/{number}").status_code == 404
    assert get(client_of("sys"), f"/papers/pledge/{number}").status_code == 403
