"""Pairing: who proposes, accepts and signs, what stands once only, how many children one helper has, what they see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from models.case import Case, CaseParticipant, CaseSlot
from models.child import Child
from models.scope import system_scope
from tests.cast import NOW, Cast
from workflows.operations.case import Moved, Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.subjects import ChildSubject

ACCEPTED = {"times_a_month": "2"}
SIGNED = {"duties": ["talk_monthly"], "signed_on": "2026-11-20", "signed_for_child": "guardian", "copies": "是"}
CHECKED = {"study": "better", "life": "same", "mood": "better", "rating": "good", "decision": "keep"}
ENDED = {"why_ended": "reached", "progress": "数学进步明显", "still_focus": "否"}


def _person(cast: Cast, login: str) -> str:
    return str(cast[login].staff_id)


def _propose(cast: Cast, child: int, who: str | None, login: str = "zhou", **more: Any) -> str:
    named = {"helper": _person(cast, who)} if who else {}
    answers = {"kind": "helper", **named, "term_goal": "每天完成作业", **more}
    with cast.acting(login, Permission.CASE_ACT) as tx:
        subject = ChildSubject(tx.session.get_one(Child, child))
        return open_case(tx, "pairing", subject, begun=Beginning(answers)).number


def _act(cast: Cast, login: str, number: str, step: str, answers: dict[str, Any] | None = None, days: int = 0) -> Moved:
    at = NOW + timedelta(days=days)
    with cast.acting(login, Permission.CASE_ACT, at) as tx:
        return act_on_case(tx, number, Request(step, answers=answers or {}))


def _active(cast: Cast, child: int, helper: str) -> str:
    number = _propose(cast, child, helper)
    _act(cast, helper, number, "accept", ACCEPTED)
    _act(cast, "zhou", number, "sign", SIGNED)
    return number


def test_a_pairing_is_proposed_accepted_signed_checked_and_ended(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    number = _propose(cast, child, "meng")
    assert _act(cast, "meng", number, "accept", ACCEPTED).to_state == "accepted"
    assert _act(cast, "zhou", number, "sign", SIGNED).to_state == "active"
    with cast.database.session(system_scope("tests")) as session:
        assert session.get_one(Child, child).is_focus
    assert _act(cast, "qin", number, "check", CHECKED).to_state == "active"
    assert _act(cast, "zhou", number, "end", ENDED).to_state == "ended"
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(CaseSlot)).all() == []
        parts = session.scalars(select(CaseParticipant)).all()
        assert [(part.relation, part.name, part.until_at is not None) for part in parts] == [
            ("helper", "孟晓岚（心理辅导教师）", True)
        ]


@pytest.mark.parametrize(("still", "stays"), [("否", False), ("是", True)])
def test_the_end_says_whether_the_child_stays_a_focus_child(cast: Cast, still: str, stays: bool) -> None:
    child = cast.add_child("ZX-2302", is_focus=True, focus_reason="祖辈年高")
    number = _active(cast, child, "meng")
    _act(cast, "zhou", number, "end", {**ENDED, "still_focus": still})
    with cast.database.session(system_scope("tests")) as session:
        kept = session.get_one(Child, child)
        assert (kept.is_focus, kept.focus_reason) == (stays, "祖辈年高" if stays else None)


def test_the_database_keeps_no_reason_for_a_child_that_is_no_focus_child(cast: Cast) -> None:
    with pytest.raises(IntegrityError):
        cast.add_child("ZX-2302", focus_reason="祖辈年高")


def test_helping_is_voluntary_and_only_the_one_asked_answers(cast: Cast) -> None:
    number = _propose(cast, cast.add_child("ZX-2302"), "meng")
    with pytest.raises(Denied):
        _act(cast, "zhou", number, "accept", ACCEPTED)
    with pytest.raises(Refusal) as refused:
        _act(cast, "zhou", number, "accept_for", {"asked_on": "2026-11-20", "asked_how": "当面", "times_a_month": "1"})
    assert str(refused.value.message) == "帮扶人有账号，由本人应允"
    assert _act(cast, "meng", number, "decline", {"reason": "已满三名"}).to_state == "declined"


def test_a_class_teacher_answers_for_a_helper_without_an_account(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    number = _propose(cast, child, None, kind="peer", helper_name="四（2）班 陈一鸣")
    told = {"asked_on": "2026-11-20", "asked_how": "当面，家长同意", "times_a_month": "4"}
    assert _act(cast, "zhou", number, "accept_for", told).to_state == "accepted"
    assert cast.events("case.moved")[-1]["facts"]["transition"] == "accept_for"
    second = _propose(cast, child, None, kind="peer", helper_name="四（2）班 罗小北")
    assert second != number


def test_a_child_has_one_helper_of_a_kind_and_one_pairing_with_a_person(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    number = _active(cast, child, "meng")
    with pytest.raises(Refusal) as refused:
        _propose(cast, child, "tan")
    assert refused.value.code == "not_unique"
    with pytest.raises(Refusal) as refused:
        _propose(cast, child, "meng", kind="proxy_parent")
    assert str(refused.value.message) == "这位帮扶人已与这名儿童结对"
    _act(cast, "zhou", number, "end", ENDED)
    _propose(cast, child, "tan")


def test_nobody_helps_more_than_three_without_a_reason(cast: Cast) -> None:
    children = [cast.add_child("ZX-2302", f"林{mark}") for mark in "甲乙丙丁"]
    for child in children[:3]:
        _propose(cast, child, "meng")
    with pytest.raises(Refusal) as refused:
        _propose(cast, children[3], "meng")
    assert refused.value.code == "quota"
    assert list(refused.value.faults) == ["more_than_three"]
    _propose(cast, children[3], "meng", more_than_three="本班只有一名心理教师")


def test_a_helper_sees_the_child_they_are_paired_with_until_it_ends(cast: Cast) -> None:
    mine, other = cast.add_child("ZX-2101", "林小禾"), cast.add_child("ZX-2101", "吴可欣")
    number = _propose(cast, mine, "zhou", "qin")
    with cast.acting("zhou", Permission.CHILD_READ) as tx:
        assert set(tx.session.scalars(select(Child.id))) == {mine}
        assert tx.session.scalars(select(Case.number)).all() == [number]
        assert tx.session.get(Child, other) is None
    _act(cast, "zhou", number, "decline", {"reason": "任务重"})
    with cast.acting("zhou", Permission.CHILD_READ) as tx:
        assert tx.session.scalars(select(Child.id)).all() == []
    with pytest.raises(Missing):
        _act(cast, "zhou", number, "accept", ACCEPTED)


def test_a_change_of_the_helper_asks_the_new_one_and_ends_the_part_of_the_old(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    number = _active(cast, child, "meng")
    change = {"helper": _person(cast, "tan"), "handed_over": "数学已补到第三单元", "reason": "课务调整"}
    assert _act(cast, "qin", number, "change", change, days=1).to_state == "proposed"
    with pytest.raises((Denied, Missing)):
        _act(cast, "meng", number, "accept", ACCEPTED, days=1)
    assert _act(cast, "tan", number, "accept", ACCEPTED, days=1).to_state == "accepted"
    with cast.database.session(system_scope("tests")) as session:
        parts = session.scalars(select(CaseParticipant).order_by(CaseParticipant.id)).all()
        assert [part.until_at is None for part in parts] == [False, True]


@pytest.mark.parametrize(
    ("more", "at", "said"),
    [
        ({"helper": "7"}, "helper", "不在可选的名单里，请重新选择"),
        ({"helper": ""}, "helper", "请选择"),
        ({"term_goal": " "}, "term_goal", "请填写"),
        ({"kind": "uncle"}, "kind", "没有“uncle”这个选项"),
    ],
)
def test_a_faulty_proposal_names_its_fields_and_leaves_nothing(
    cast: Cast, more: dict[str, str], at: str, said: str
) -> None:
    child = cast.add_child("ZX-2302")
    with pytest.raises(Refusal) as refused:
        _propose(cast, child, "meng", **more)
    assert str(refused.value.faults[at]) == said
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(Case)).all() == []
        assert session.scalars(select(CaseSlot)).all() == []


def test_the_same_request_opens_one_pairing(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    answers = {"kind": "helper", "helper": _person(cast, "meng"), "term_goal": "每天完成作业"}
    numbers = set()
    for _ in range(2):
        with cast.acting("zhou", Permission.CASE_ACT) as tx:
            subject = ChildSubject(tx.session.get_one(Child, child))
            numbers.add(open_case(tx, "pairing", subject, begun=Beginning(answers, key="k-1")).number)
    assert len(numbers) == 1


def test_a_foreign_office_and_a_wrong_post_open_nothing(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    with pytest.raises(Denied), cast.acting("meng", Permission.CASE_ACT) as tx:
        open_case(tx, "pairing", ChildSubject(tx.session.get_one(Child, child)), begun=Beginning({}))
    with cast.acting("bai", Permission.CASE_ACT) as tx:
        assert tx.session.get(Child, child) is None
