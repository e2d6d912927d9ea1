"""Emergencies: who has to be told by when, what was kept and what was missed, and what nothing may hold up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case, CaseRecord
from models.scope import system_scope
from tests.cast import NOW, Cast
from tests.clockwork import clocks_of, move
from tests.steps import CORRECTED, EVENT, SETTLED, UPDATED, told
from workflows.clock import LOCAL
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.operations.deputy import Absence, name_deputy
from workflows.policy import Permission
from workflows.refusal import Refusal

MINUTE = timedelta(minutes=1)


def local(written: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-20 {written}").replace(tzinfo=LOCAL)


def _report(cast: Cast, login: str = "zhou", **answers: Any) -> str:
    child = cast.add_child("ZX-2302")
    with cast.acting(login, Permission.CASE_ACT) as tx:
        return open_case_about(tx, "emergency", "child", child, Beginning({**EVENT, **answers})).number


def _tell(cast: Cast, number: str, whom: str, at: str, who: str = "qin") -> None:
    answers = {**told(whom, "值班人员"), f"{whom}_told_at": f"2026-11-20 {at}"}
    move(cast, number, f"tell_{whom}", answers, at=local(at) + 2 * MINUTE, who=who)


def test_every_limit_counts_from_the_time_it_was_known_not_from_the_report(cast: Cast) -> None:
    number = _report(cast)  # known at 09:20, reported at 09:40
    due = {clock.limit_key: clock.due_at for clock in clocks_of(cast, number)}
    assert due == {
        "guardian": local("09:50"),
        "parents": local("10:20"),
        "authority": local("11:20"),
        "township": local("11:20"),
    }


def test_each_notice_says_who_was_told_when_and_whether_in_time(cast: Cast) -> None:
    number = _report(cast)
    _tell(cast, number, "guardian", "09:45")
    _tell(cast, number, "parents", "10:31")
    clocks = {clock.limit_key: clock for clock in clocks_of(cast, number)}
    assert (clocks["guardian"].stopped_at, clocks["guardian"].missed_at) == (local("09:45"), None)
    assert (clocks["parents"].stopped_at, clocks["parents"].missed_at) == (local("10:31"), local("10:20"))
    with cast.database.session(system_scope("tests")) as session:
        forms = session.scalars(select(CaseRecord.form).order_by(CaseRecord.id)).all()
    assert forms == ["emergency_report", "emergency_tell_guardian", "emergency_tell_parents"]


def test_a_grave_event_is_reported_to_the_county_from_the_moment_it_became_grave(cast: Cast) -> None:
    number = _report(cast)
    assert clocks_of(cast, number, "county") == []
    move(cast, number, "update", UPDATED, at=local("10:05"))
    (county,) = clocks_of(cast, number, "county")
    assert county.due_at == local("12:05")
    assert [clock.due_at for clock in clocks_of(cast, _report(cast, severity="grave"), "county")] == [local("11:20")]


def test_a_corrected_time_counts_anew_and_keeps_what_was_reported(cast: Cast) -> None:
    number = _report(cast)
    move(cast, number, "correct", CORRECTED, at=local("09:42"))
    assert clocks_of(cast, number, "guardian")[0].due_at == local("09:40")
    with cast.database.session(system_scope("tests")) as session:
        records = session.scalars(select(CaseRecord).order_by(CaseRecord.id)).all()
        facts = session.scalars(select(Case.facts).where(Case.number == number)).one()
    assert [record.data["known_at"] for record in records] == ["2026-11-20 09:20", "2026-11-20 09:10"]
    assert facts["known_at"] == "2026-11-20 09:10"


@pytest.mark.parametrize(
    ("known", "told", "due", "is_missed"),
    [("09:10", "09:45", "09:40", True), ("09:10", "09:38", "09:40", False), ("09:30", "09:55", "10:00", False)],
)
def test_a_corrected_time_judges_anew_what_was_met(
    cast: Cast, known: str, told: str, due: str, is_missed: bool
) -> None:
    number = _report(cast)
    _tell(cast, number, "guardian", told)
    move(cast, number, "correct", {**CORRECTED, "known_at": f"2026-11-20 {known}"}, at=local("10:05"))
    (guardian,) = clocks_of(cast, number, "guardian")
    assert (guardian.due_at, guardian.stopped_at, guardian.next_at) == (local(due), local(told), None)
    assert guardian.missed_at == (local(due) if is_missed else None)


def test_no_approval_holds_up_the_first_call(cast: Cast) -> None:
    number = _report(cast)
    for whom, who in (("guardian", "zhou"), ("parents", "meng"), ("authority", "qin"), ("township", "chen")):
        _tell(cast, number, whom, "09:45", who)
    assert all(clock.missed_at is None for clock in clocks_of(cast, number))


def test_it_is_not_settled_while_somebody_has_not_been_told(cast: Cast) -> None:
    number = _report(cast, severity="serious")
    for whom in ("guardian", "parents", "authority", "township"):
        _tell(cast, number, whom, "09:45")
    with pytest.raises(Refusal) as refusal:
        move(cast, number, "settle", SETTLED, at=NOW, who="qin")
    assert refusal.value.code == "guard"
    _tell(cast, number, "county", "11:50")  # late is better than never
    move(cast, number, "settle", {**SETTLED, "settled_at": "2026-11-20 11:55"}, at=local("12:00"), who="qin")
    assert clocks_of(cast, number, "county")[0].missed_at == local("11:20")


def test_a_time_that_has_not_come_is_refused(cast: Cast) -> None:
    with pytest.raises(Refusal) as refusal:
        _report(cast, known_at="2026-11-20 09:41")
    assert list(refusal.value.faults) == ["known_at"]


def test_a_deputy_reports_upward_while_the_principal_is_away(cast: Cast) -> None:
    number = _report(cast)
    with pytest.raises(Refusal):
        _tell(cast, number, "authority", "09:45", "meng")
    with cast.acting("tan", Permission.CASE_ACT) as tx:
        today = NOW.astimezone(LOCAL).date()
        name_deputy(tx, cast["tan"].staff_id or 0, Absence(cast["meng"].staff_id or 0, today, today, ("emergency",)))
    _tell(cast, number, "authority", "09:45", "meng")
    assert cast.events("case.moved")[-1]["facts"]["for"] == "覃明远"


def test_two_emergencies_of_one_child_run_side_by_side(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    for _ in range(2):
        with cast.acting("zhou", Permission.CASE_ACT) as tx:
            open_case_about(tx, "emergency", "child", child, Beginning(EVENT))
    with cast.database.session(system_scope("tests")) as session:
        assert len(session.scalars(select(Case).where(Case.workflow == "emergency")).all()) == 2
