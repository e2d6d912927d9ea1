"""Individual plans: from referral to outcome, seen by those on the case and named leaders only, five a class."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.audit import AuditEvent
from models.case import Case, CaseMove, CaseParticipant, CaseRecord
from models.child import Child
from models.scope import system_scope
from models.staff import Staff
from tests.cast import Cast
from tests.steps import INFORMED, PLAN, PROGRESS, REFERRED
from workflows.operations.case import Moved, Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case
from workflows.operations.part_passing import pass_part
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.subjects import ChildSubject


def _refer(cast: Cast, child: int, login: str = "meng", **more: Any) -> str:
    answers = {**REFERRED, "responsible": str(cast["zhou"].staff_id), **more}
    with cast.acting(login, Permission.CASE_ACT) as tx:
        subject = ChildSubject(tx.session.get_one(Child, child))
        return open_case(tx, "individual_plan", subject, begun=Beginning(answers)).number


def _act(cast: Cast, login: str, number: str, step: str, answers: dict[str, Any] | None = None) -> Moved:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        return act_on_case(tx, number, Request(step, answers=answers or {}))


def _in_force(cast: Cast, child: int) -> str:
    number = _refer(cast, child)
    _act(cast, "meng", number, "submit", PLAN)
    _act(cast, "tan", number, "approve", {"opinion": "同意，按方案执行"})
    _act(cast, "meng", number, "inform", INFORMED)
    return number


def test_a_plan_is_approved_told_carried_out_checked_and_ends_as_achieved(cast: Cast) -> None:
    number = _in_force(cast, cast.add_child("ZX-2302"))
    assert _act(cast, "zhou", number, "progress", PROGRESS).to_state == "active"
    outcome = {"outcome": "已正常上学", "follow_up": "每月一次家访"}
    assert _act(cast, "meng", number, "achieve", outcome).to_state == "achieved"
    steps = [event["facts"]["transition"] for event in cast.events("case.moved")]
    assert steps == ["submit", "approve", "inform", "progress", "achieve"]


def test_a_returned_plan_says_why_and_comes_back(cast: Cast) -> None:
    number = _refer(cast, cast.add_child("ZX-2302"))
    _act(cast, "meng", number, "submit", PLAN)
    with pytest.raises(Refusal) as refused:
        _act(cast, "tan", number, "return_it")
    assert list(refused.value.faults) == ["opinion"]
    assert _act(cast, "tan", number, "return_it", {"opinion": "措施再具体些"}).to_state == "returned"
    assert _act(cast, "zhou", number, "submit", PLAN).to_state == "review"


def test_nobody_outside_the_circle_finds_it_counts_it_or_acts_on_it(cast: Cast) -> None:
    number = _in_force(cast, cast.add_child("ZX-2302"))
    for outsider in ("qin", "chen", "bai"):
        with cast.acting(outsider, Permission.CASE_ACT) as tx:
            for table in (Case, CaseMove, CaseRecord, CaseParticipant):
                assert tx.session.scalars(select(table)).all() == [], (outsider, table)
        with pytest.raises(Missing):
            _act(cast, outsider, number, "progress", PROGRESS)
    for insider in ("meng", "tan", "zhou"):
        with cast.acting(insider, Permission.CASE_READ) as tx:
            assert tx.session.scalars(select(Case.number)).all() == [number], insider


def test_the_trail_keeps_it_from_the_class_teacher_of_others_but_not_from_the_inspector(cast: Cast) -> None:
    child = cast.add_child("ZX-2101")
    number = _refer(cast, child, responsible=str(cast["meng"].staff_id))
    wanted = select(AuditEvent.id).where(AuditEvent.action == "case.opened")
    for login, permission, count in (
        ("shi", Permission.CHILD_CHANGES, 0),
        ("tan", Permission.CHILD_CHANGES, 1),
        ("feng", Permission.AUDIT_READ, 1),
    ):
        with cast.acting(login, permission) as tx:
            scope = tx.session.info["scope"]
        with cast.database.session(scope, kind="audit") as session:
            assert len(session.scalars(wanted).all()) == count, login
    assert number.startswith("GB-2026-")


def test_every_event_of_a_plan_carries_its_circle(cast: Cast) -> None:
    number = _in_force(cast, cast.add_child("ZX-2302"))
    with cast.system() as tx:
        case = tx.session.scalars(select(Case).where(Case.number == number)).one()
        wanted = (CaseParticipant.case_id == case.id, CaseParticipant.relation == "responsible")
        part = tx.session.scalars(select(CaseParticipant).where(*wanted)).one()
        pass_part(tx, part.id, tx.session.get_one(Staff, cast["tan"].staff_id))
    with cast.database.session(system_scope("tests"), kind="audit") as session:
        told = session.scalars(select(AuditEvent).where(AuditEvent.case_id == case.id)).all()
    assert {event.action for event in told} == {"case.opened", "case.moved", "case.part_passed"}
    assert {event.circle for event in told} == {"individual_plan"}


def test_five_plans_a_class_and_one_more_for_a_reason(cast: Cast) -> None:
    children = [cast.add_child("ZX-2302", f"林{mark}") for mark in "甲乙丙丁戊己"]
    for child in children[:5]:
        _refer(cast, child)
    with pytest.raises(Refusal) as refused:
        _refer(cast, children[5], "zhou")
    assert refused.value.code == "quota"
    _refer(cast, children[5], "zhou", above_quota="情况紧急，领导小组已口头同意")


def test_a_second_plan_is_refused_to_somebody_who_may_not_see_the_first(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    _refer(cast, child, responsible=str(cast["tan"].staff_id))
    with pytest.raises(Refusal) as refused:
        _refer(cast, child, "zhou")
    assert refused.value.code == "already_open"


def test_the_one_who_submits_does_not_approve(cast: Cast) -> None:
    number = _refer(cast, cast.add_child("ZX-2302"))
    _act(cast, "meng", number, "submit", PLAN)
    with pytest.raises(Denied):
        _act(cast, "meng", number, "approve", {"opinion": "同意"})


def test_what_is_written_stands_sealed_in_the_database(cast: Cast) -> None:
    _in_force(cast, cast.add_child("ZX-2302"))
    with cast.acting("meng", Permission.CASE_READ) as tx:
        rows = [*tx.session.scalars(select(CaseRecord.data)), *tx.session.scalars(select(Case.facts))]
    assert "旷课" not in str(rows)
    assert "每周谈心" not in str(rows)
