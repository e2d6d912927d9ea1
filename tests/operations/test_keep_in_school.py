"""Keeping children in school: call, visit, report, cadres, township, counted in school time over days off."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from models.calendar_day import CalendarDay
from models.scope import system_scope
from tests.cast import NOW, Cast
from tests.clockwork import clocks_of, due_of, move
from tests.steps import BACK, CALLED, ORDER, ORDER_RECEIPT, PERSUADED, SCHOOL_NOTICE, SCHOOL_RECEIPT, VISITED
from workflows.calendar import change_mark
from workflows.clock import LOCAL
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission
from workflows.refusal import Refusal


def local(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=LOCAL)


@pytest.fixture
def swapped(cast: Cast) -> Cast:
    """Monday the 23rd and Tuesday the 24th off, Saturday the 21st worked for one of them."""
    days = {date(2026, 11, 21): True, date(2026, 11, 23): False, date(2026, 11, 24): False}
    with cast.database.transaction(system_scope("tests")) as session:
        for day, is_working in days.items():
            session.add(CalendarDay(day=day, is_working=is_working, name="校运动会调休", made_at=NOW, made_by=0))
        change_mark(session)
    return cast


def _absent(cast: Cast, noticed: str, at: str | None = None, child: int | None = None) -> str:
    moment = local(at or noticed)
    child = child or cast.add_child("ZX-2302")
    answers = {"noticed_at": noticed, "absent_since": noticed[:10], "absent_why": "unknown"}
    with cast.acting("zhou", Permission.CASE_ACT, at=moment) as tx:
        return open_case_about(tx, "keep_in_school", "child", child, Beginning(answers)).number


def _limits(cast: Cast, number: str) -> dict[str, datetime]:
    return {clock.limit_key: clock.due_at for clock in clocks_of(cast, number) if clock.limit_key}


@pytest.mark.parametrize(
    ("noticed", "call", "visit"),
    [
        ("2026-11-20 08:20", "2026-11-20 09:20", "2026-11-20 17:00"),
        ("2026-11-20 11:30", "2026-11-20 14:30", "2026-11-20 17:00"),  # over noon
        ("2026-11-20 16:30", "2026-11-21 08:30", "2026-11-20 17:00"),  # on to the Saturday that is worked
        ("2026-11-21 16:30", "2026-11-25 08:30", "2026-11-21 17:00"),  # over Sunday and two days off
        ("2026-11-21 18:00", "2026-11-25 09:00", "2026-11-25 17:00"),  # noticed in the evening
    ],
)
def test_call_and_visit_are_counted_in_school_time(swapped: Cast, noticed: str, call: str, visit: str) -> None:
    assert _limits(swapped, _absent(swapped, noticed)) == {"call": local(call), "visit": local(visit)}


def test_the_line_goes_on_over_weekend_and_days_off(swapped: Cast) -> None:
    number = _absent(swapped, "2026-11-20 08:20")

    def take(transition: str, answers: Any, at: str, who: str) -> None:
        move(swapped, number, transition, answers, at=local(at), who=who)

    take("call", {**CALLED, "called_at": "2026-11-20 08:40"}, "2026-11-20 08:45", "zhou")
    take("visit", {**VISITED, "visited_at": "2026-11-20 15:00"}, "2026-11-20 16:00", "zhou")
    assert due_of(swapped, number) == local("2026-11-21 23:59")  # one school day: the Saturday
    take("report", SCHOOL_NOTICE, "2026-11-21 10:00", "qin")
    assert due_of(swapped, number) == local("2026-11-26 23:59")  # two working days: Wednesday and Thursday
    take("receive", {**SCHOOL_RECEIPT, "school_notice_receipt_on": "2026-11-25"}, "2026-11-25 09:00", "chen")
    take("persuade", {**PERSUADED, "cadres_on": "2026-11-26"}, "2026-11-26 15:00", "chen")
    take("order", {**ORDER, "township_notice_on": "2026-11-27"}, "2026-11-27 09:00", "chen")
    take("serve", {**ORDER_RECEIPT, "township_notice_receipt_on": "2026-11-27"}, "2026-11-27 16:00", "chen")
    assert due_of(swapped, number) == local("2026-12-11 23:59")
    assert all(clock.missed_at is None for clock in clocks_of(swapped, number))


def test_no_step_is_taken_before_the_receipt_of_the_one_before(cast: Cast) -> None:
    number = _absent(cast, "2026-11-20 08:20", at="2026-11-20 09:40")
    for transition, answers, who in (("call", CALLED, "zhou"), ("visit", VISITED, "zhou")):
        move(cast, number, transition, answers, at=NOW, who=who)
    without = {key: value for key, value in SCHOOL_NOTICE.items() if key != "school_notice_number"}
    with pytest.raises(Refusal) as refusal:
        move(cast, number, "report", without, at=NOW, who="qin")
    assert list(refusal.value.faults) == ["school_notice_number"]
    move(cast, number, "report", SCHOOL_NOTICE, at=NOW, who="qin")
    with pytest.raises(Refusal) as refusal:
        move(cast, number, "persuade", PERSUADED, at=NOW, who="chen")
    assert refusal.value.code == "not_from_here"


def test_a_return_closes_the_line_and_stops_every_clock(cast: Cast) -> None:
    number = _absent(cast, "2026-11-20 08:20", at="2026-11-20 09:40")
    move(cast, number, "come_back", BACK, at=NOW)
    clocks = clocks_of(cast, number)
    assert all(clock.stopped_at is not None for clock in clocks)
    assert due_of(cast, number) is None
    # Twenty to ten is after the hour in which the call was due: it stays missed.
    assert [clock.limit_key for clock in clocks if clock.missed_at] == ["call"]


def test_the_next_absence_is_a_line_of_its_own_beside_the_former_one(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    first = _absent(cast, "2026-11-20 08:20", at="2026-11-20 09:40", child=child)
    with pytest.raises(Refusal) as refusal:
        _absent(cast, "2026-11-20 08:20", at="2026-11-20 09:40", child=child)
    assert refusal.value.code == "already_open"
    move(cast, first, "come_back", BACK, at=NOW)
    second = _absent(cast, "2026-11-26 08:20", child=child)
    assert second != first
