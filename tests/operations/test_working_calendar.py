"""The office's calendar: what is kept of days and hours, what is refused, and that running clocks follow it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from models.calendar_day import CalendarDay
from models.scope import system_scope
from tests.cast import NOW, Cast
from tests.clockwork import clocks_of, due_of, open_report, publish_report
from tests.playing import begin
from workflows.calendar import calendar_in_force
from workflows.clock import LOCAL
from workflows.operations import recounting
from workflows.operations.calendar import set_days, set_hours
from workflows.operations.firing import fire_due
from workflows.operations.recounting import progress, recount_some
from workflows.operations.school_year import change_term
from workflows.policy import Permission
from workflows.refusal import Denied, Refusal
from workflows.working_time import WorkingCalendar

TERM = Permission.TERM_MANAGE
HOLIDAY = ("2026-10-01", "2026-10-07", "off", "国庆节")


def days(cast: Cast) -> dict[date, tuple[bool, str]]:
    with cast.database.session(system_scope("tests")) as session:
        return {row.day: (row.is_working, row.name) for row in session.scalars(select(CalendarDay))}


def calendar(cast: Cast) -> WorkingCalendar:
    with cast.database.session(system_scope("tests")) as session:
        return calendar_in_force(session)


def change(cast: Cast, *asked: str, login: str = "qin") -> int:
    with cast.acting(login, TERM) as tx:
        return set_days(tx, *asked)


def recount(cast: Cast) -> int:
    done = 0
    while some := recount_some(cast.database, NOW):
        done += some
    return done


def test_a_holiday_and_the_day_worked_for_it_are_kept_and_told(cast: Cast) -> None:
    assert not calendar(cast).knows(2026)
    assert change(cast, *HOLIDAY) == 7
    assert change(cast, "2026-10-10", "", "worked", "补 10 月 5 日") == 1
    assert days(cast)[date(2026, 10, 3)] == (False, "国庆节")
    assert days(cast)[date(2026, 10, 10)] == (True, "补 10 月 5 日")
    found = calendar(cast)
    assert found.knows(2026)
    assert (found.is_working(date(2026, 10, 5)), found.is_working(date(2026, 10, 10))) == (False, True)
    told = cast.events("calendar.changed")
    assert told[0]["facts"] == {
        "first": "2026-10-01", "last": "2026-10-07", "days": "off", "count": 7, "name": "国庆节",
    }  # fmt: skip
    assert (told[0]["actor_name"], told[0]["role"]) == (cast["qin"].name, "office")


def test_a_day_goes_by_its_weekday_again(cast: Cast) -> None:
    change(cast, *HOLIDAY)
    assert change(cast, "2026-10-06", "2026-10-07", "usual") == 2
    assert sorted(days(cast)) == [date(2026, 10, day) for day in range(1, 6)]


def test_what_changes_nothing_is_not_told(cast: Cast) -> None:
    change(cast, *HOLIDAY)
    assert change(cast, *HOLIDAY) == 0
    assert change(cast, "2026-12-01", "2026-12-03", "usual") == 0
    assert len(cast.events("calendar.changed")) == 1


def test_of_a_range_worked_only_the_weekend_is_kept(cast: Cast) -> None:
    assert change(cast, "2026-10-09", "2026-10-12", "worked") == 2
    assert sorted(days(cast)) == [date(2026, 10, 10), date(2026, 10, 11)]


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        (("", "", "off", "元旦"), {"first"}),
        (("2026-10-01", "2026-09-30", "off", "国庆节"), {"last"}),
        (("2026-01-01", "2026-12-31", "off", "放假"), {"last"}),
        (("2026-10-01", "", "off", ""), {"name"}),
        (("2026-10-01", "", "off", "假" * 61), {"name"}),
        (("2026-10-01", "", "half", "国庆节"), {"kind"}),
        (("2026-10-08", "", "worked", ""), {"kind"}),
        (("1999-10-01", "", "off", "国庆节"), {"first"}),
        (("2026-13-01", "someday", "half", ""), {"first", "last", "kind"}),
    ],
)
def test_what_cannot_be_is_refused_field_by_field(sqlite_cast: Cast, asked: tuple[str, ...], fields: set[str]) -> None:
    with pytest.raises(Refusal) as refusal:
        change(sqlite_cast, *asked)
    assert set(refusal.value.faults) == fields
    assert days(sqlite_cast) == {}


def test_others_than_those_who_keep_the_terms_do_not_keep_the_calendar(sqlite_cast: Cast) -> None:
    with pytest.raises(Denied):
        change(sqlite_cast, *HOLIDAY, login="zhou")
    with pytest.raises(Denied), sqlite_cast.acting("tan", TERM) as tx:
        set_hours(tx, "08:00-12:00")


def test_hours_of_school_are_kept_as_written_or_refused(cast: Cast) -> None:
    with cast.acting("qin", TERM) as tx:
        set_hours(tx, "7:30".rjust(5, "0") + "-11:50，14:30–16:40")
    assert [f"{a:%H%M}{b:%H%M}" for a, b in calendar(cast).school_hours] == ["07301150", "14301640"]
    for wrong in ("", "8-12", "08:00-07:00", "08:00-12:00 11:00-17:00", "morning", "08:00-12:00-17:00"):
        with pytest.raises(Refusal), cast.acting("qin", TERM) as tx:
            set_hours(tx, wrong)
    assert len(cast.events("calendar.changed")) == 1


def test_running_clocks_follow_a_calendar_that_changes(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recounting, "AT_ONCE", 2)
    numbers = [begin(cast, "identification").number for _ in range(5)]
    publish_report(cast)
    untouched = open_report(cast, known_at="2026-11-20 09:30")
    assert recount(cast) == 0
    change(cast, "2026-11-25", "2026-11-26", "off", "停课")
    with cast.database.session(system_scope("tests")) as session:
        assert not progress(session).is_done
    assert recount(cast) == 7
    new = datetime(2026, 12, 8, 23, 59, tzinfo=LOCAL)
    for number in numbers:
        assert [clock.due_at for clock in clocks_of(cast, number)] == [due_of(cast, number)] == [new]
    assert due_of(cast, untouched) == NOW + timedelta(minutes=20)
    assert cast.events("clocks.recounted")[0]["facts"] == {"count": 5}
    with cast.database.session(system_scope("tests")) as session:
        assert progress(session).is_done
    assert recount(cast) == 0


def test_a_term_that_changes_counts_anew_as_well(cast: Cast) -> None:
    with cast.acting("qin", TERM) as tx:
        change_term(tx, cast.term_id, 1, {"last_on": "2027-01-23"}, is_sure=True)
    with cast.database.session(system_scope("tests")) as session:
        assert not progress(session).is_done
    assert calendar(cast).terms[0][1] == date(2027, 1, 23)


def test_a_limit_that_a_new_holiday_moves_on_is_no_longer_missed(cast: Cast) -> None:
    number = begin(cast, "identification").number
    at = datetime(2026, 12, 5, 9, 0, tzinfo=LOCAL)
    assert fire_due(cast.database, at) == 1
    assert clocks_of(cast, number)[0].missed_at is not None
    change(cast, "2026-12-03", "2026-12-04", "off", "停课")
    while recount_some(cast.database, at):
        pass
    (clock,) = clocks_of(cast, number)
    assert (clock.missed_at, clock.due_at) == (None, datetime(2026, 12, 8, 23, 59, tzinfo=LOCAL))
    assert clock.rung == 2  # what fired stays as it is
