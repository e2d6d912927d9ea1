"""Spans of time as schools and offices count them, against examples and against a slow count minute by minute."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from workflows.clock import LOCAL
from workflows.engine.vocabulary import Span, Unit, read_span
from workflows.working_time import FAR, WorkingCalendar, moment_after

# The National Day week of 2026 with the two days worked for it, New Year 2027, Qingming, and three terms.
OFF = [*(date(2026, 10, day) for day in range(1, 8)), date(2027, 1, 1), date(2027, 4, 5)]
WORKED = [date(2026, 9, 20), date(2026, 10, 10)]
TERMS = (
    (date(2026, 9, 1), date(2027, 1, 15)),
    (date(2027, 2, 22), date(2027, 7, 2)),
    (date(2027, 9, 1), date(2028, 1, 14)),
)
CALENDAR = WorkingCalendar({**dict.fromkeys(OFF, False), **dict.fromkeys(WORKED, True)}, TERMS)
BARE = WorkingCalendar()


def local(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=LOCAL)


def span(written: str) -> Span:
    return Span.model_validate(read_span(written))


def after(start: str, length: str, *pause: str, percent: int = 100, calendar: WorkingCalendar = CALENDAR) -> str:
    due = moment_after(local(start), span(length), calendar, pause, percent)
    assert due.tzinfo is UTC
    return due.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("start", "length", "due"),
    [
        ("2026-11-20 09:40", "30 minutes", "2026-11-20 10:10"),
        ("2026-11-20 23:40", "2 hours", "2026-11-21 01:40"),
        ("2026-11-18 10:00", "5 workdays", "2026-11-25 23:59"),  # a weekend between
        ("2026-11-21 10:00", "1 workdays", "2026-11-23 23:59"),  # begun on a Saturday
        ("2026-09-18 16:00", "1 workdays", "2026-09-20 23:59"),  # a Sunday that is worked
        ("2026-09-30 16:00", "2 workdays", "2026-10-09 23:59"),  # over the week off
        ("2026-10-09 16:00", "1 workdays", "2026-10-10 23:59"),  # a Saturday that is worked
        ("2026-12-31 16:00", "1 workdays", "2027-01-04 23:59"),  # New Year and a weekend
        ("2027-01-14 09:00", "2 school days", "2027-02-22 23:59"),  # the break between terms
        ("2027-07-01 09:00", "2 school days", "2027-09-01 23:59"),  # the summer
        ("2026-11-20 09:00", "1 school hours", "2026-11-20 10:00"),
        ("2026-11-20 11:30", "1 school hours", "2026-11-20 14:30"),  # noon
        ("2026-11-20 16:30", "1 school hours", "2026-11-23 08:30"),  # the weekend
        ("2026-11-20 11:00", "1 school hours", "2026-11-20 12:00"),  # not on to the afternoon
        ("2026-09-30 16:30", "1 school hours", "2026-10-08 08:30"),
        ("2026-11-20 08:20", "this school day", "2026-11-20 17:00"),
        ("2026-11-20 07:00", "this school day", "2026-11-20 17:00"),
        ("2026-11-20 17:00", "this school day", "2026-11-23 17:00"),  # school is out
        ("2026-11-21 10:00", "this school day", "2026-11-23 17:00"),  # a Saturday
        ("2026-10-10 10:00", "this school day", "2026-10-10 17:00"),  # a Saturday that is worked
        ("2026-10-03 10:00", "this school day", "2026-10-08 17:00"),  # the week off
        ("2027-01-15 16:30", "1 school hours", "2027-02-22 08:30"),
        ("2026-11-20 09:00", "3 days", "2026-11-23 23:59"),
        ("2026-11-20 09:00", "2 weeks", "2026-12-04 23:59"),
        ("2027-01-31 09:00", "1 months", "2027-02-28 23:59"),
        ("2028-01-31 09:00", "1 months", "2028-02-29 23:59"),
        ("2028-02-29 09:00", "12 months", "2029-02-28 23:59"),
        ("2026-12-15 09:00", "1 months", "2027-01-15 23:59"),
    ],
)
def test_a_span_ends_when_offices_say_it_does(start: str, length: str, due: str) -> None:
    assert after(start, length) == due


@pytest.mark.parametrize(
    ("start", "length", "pause", "due"),
    [
        ("2026-09-30 12:00", "24 hours", ("holidays",), "2026-10-08 12:00"),
        ("2026-09-30 12:00", "24 hours", ("weekends",), "2026-10-01 12:00"),
        ("2026-11-20 12:00", "24 hours", ("weekends",), "2026-11-23 12:00"),
        ("2026-11-20 12:00", "24 hours", ("holidays",), "2026-11-21 12:00"),
        ("2026-09-19 12:00", "24 hours", ("weekends",), "2026-09-21 00:00"),  # Sunday the 20th is worked and counts
        ("2026-09-30 12:00", "3 days", ("holidays",), "2026-10-10 23:59"),
        ("2026-09-29 12:00", "3 days", ("holidays", "weekends"), "2026-10-09 23:59"),
        ("2026-09-28 12:00", "1 weeks", ("holidays",), "2026-10-12 23:59"),
        ("2026-09-15 12:00", "1 months", ("holidays",), "2026-10-22 23:59"),
    ],
)
def test_a_pause_stands_still_on_the_days_it_names(start: str, length: str, pause: tuple[str, ...], due: str) -> None:
    assert after(start, length, *pause) == due


@pytest.mark.parametrize(
    ("length", "percent", "due"),
    [
        ("5 workdays", 80, "2026-11-24 23:59"),  # four working days, not four fifths of a week of hours
        ("5 workdays", 150, "2026-11-30 12:00"),
        ("10 workdays", 50, "2026-11-25 23:59"),
        ("6 school hours", 50, "2026-11-18 15:00"),
        ("6 school hours", 200, "2026-11-19 17:00"),
        ("30 minutes", 80, "2026-11-18 10:24"),
        ("1 months", 50, "2026-12-03 23:59"),
        ("this school day", 50, "2026-11-18 13:30"),
    ],
)
def test_a_share_of_a_span_is_counted_in_its_own_unit(length: str, percent: int, due: str) -> None:
    assert after("2026-11-18 10:00", length, percent=percent) == due


def test_a_year_that_nobody_entered_has_weekends_only_and_says_so() -> None:
    assert after("2027-09-30 12:00", "1 workdays", calendar=BARE) == "2027-10-01 23:59"
    assert after("2027-10-01 12:00", "1 workdays", calendar=BARE) == "2027-10-04 23:59"
    assert not BARE.knows(2027)
    assert CALENDAR.knows(2027)
    assert not CALENDAR.knows(2028)


def test_a_day_worked_alone_does_not_make_a_year_known() -> None:
    assert not WorkingCalendar({date(2026, 9, 20): True}).knows(2026)


def test_without_terms_the_usual_holidays_are_no_school_days() -> None:
    assert after("2026-07-01 12:00", "1 school days", calendar=BARE) == "2026-09-01 23:59"
    assert after("2026-11-20 12:00", "1 school days", calendar=BARE) == "2026-11-23 23:59"
    assert not BARE.knows_term(date(2026, 11, 20))
    assert CALENDAR.knows_term(date(2027, 2, 1))


def test_other_hours_of_school_are_counted_as_they_are() -> None:
    early = WorkingCalendar(school_hours=((time(7, 30), time(11, 50)), (time(14, 30), time(16, 40))))
    assert after("2026-11-20 06:00", "5 school hours", calendar=early) == "2026-11-20 15:10"


@pytest.mark.parametrize("unit", list(Unit))
def test_a_span_beyond_all_calendars_ends_somewhere(unit: Unit) -> None:
    amount = 99_999_999 if unit in (Unit.MONTHS, Unit.WEEKS) else 10_000
    due = moment_after(local("8990-01-01 09:00"), Span(amount=amount, unit=unit), BARE, (), 1000)
    assert due <= FAR


STARTS = st.datetimes(datetime(2026, 8, 20), datetime(2027, 3, 10)).map(lambda at: at.replace(second=0, microsecond=0))
SPANS = st.one_of(
    st.builds(Span, amount=st.integers(1, 3000), unit=st.just(Unit.MINUTES)),
    st.builds(Span, amount=st.integers(1, 60), unit=st.sampled_from([Unit.HOURS, Unit.SCHOOL_HOURS])),
    st.builds(Span, amount=st.integers(1, 15), unit=st.sampled_from([Unit.WORKDAYS, Unit.SCHOOL_DAYS, Unit.DAYS])),
    st.builds(Span, amount=st.integers(1, 3), unit=st.sampled_from([Unit.WEEKS, Unit.MONTHS])),
)
PAUSES = st.sets(st.sampled_from(["holidays", "weekends"]))
DIFFERING = st.dictionaries(st.dates(date(2026, 9, 1), date(2027, 3, 31)), st.booleans(), max_size=40)
PERCENTS = st.sampled_from([10, 50, 80, 100, 120, 150, 200])
BY_DAYS = {Unit.WORKDAYS, Unit.SCHOOL_DAYS, Unit.DAYS, Unit.WEEKS, Unit.MONTHS}
MINUTE, MINUTES_A_DAY = timedelta(minutes=1), 1440


def counts(at: datetime, unit: Unit, calendar: WorkingCalendar, pause: set[str]) -> bool:
    """Whether the minute that begins now counts, said as plainly as possible."""
    day = at.date()
    worked = calendar.days[day] if day in calendar.days else day.isoweekday() < 6
    if unit is Unit.WORKDAYS:
        return worked
    in_term = any(first <= day <= last for first, last in calendar.terms)
    if unit is Unit.SCHOOL_DAYS:
        return worked and in_term
    if unit is Unit.SCHOOL_HOURS:
        return worked and in_term and (8 <= at.hour < 12 or 14 <= at.hour < 17)
    if "holidays" in pause and calendar.days.get(day) is False:
        return False
    return not ("weekends" in pause and day.isoweekday() >= 6 and not worked)


def minutes_in(wanted: Span, start: date) -> int:
    if wanted.unit in BY_DAYS - {Unit.WEEKS, Unit.MONTHS}:
        return wanted.amount * MINUTES_A_DAY
    if wanted.unit is Unit.WEEKS:
        return wanted.amount * 7 * MINUTES_A_DAY
    if wanted.unit is Unit.MONTHS:
        year, month = start.year + (start.month - 1 + wanted.amount) // 12, (start.month - 1 + wanted.amount) % 12 + 1
        end = date(year, month, min(start.day, monthrange(year, month)[1]))
        return (end - start).days * MINUTES_A_DAY
    return wanted.amount * (1 if wanted.unit is Unit.MINUTES else 60)


def slowly(start: datetime, wanted: Span, calendar: WorkingCalendar, pause: set[str], percent: int) -> datetime:
    at = start
    if wanted.unit in BY_DAYS:
        at = datetime.combine(start.date() + timedelta(days=1), time.min)
    left = minutes_in(wanted, start.date()) * percent / 100
    assume(left == int(left))
    while left:
        left -= counts(at, wanted.unit, calendar, pause)
        at += MINUTE
    return at - MINUTE if wanted.unit in BY_DAYS and at.time() == time.min else at


@settings(max_examples=150, deadline=None)
@given(STARTS, SPANS, DIFFERING, PAUSES, PERCENTS)
def test_it_agrees_with_a_count_minute_by_minute(
    start: datetime, wanted: Span, days: dict[date, bool], pause: set[str], percent: int
) -> None:
    calendar = WorkingCalendar(days, CALENDAR.terms)
    expected = slowly(start, wanted, calendar, pause, percent)
    found = moment_after(start.replace(tzinfo=LOCAL), wanted, calendar, pause, percent)
    assert found.astimezone(LOCAL).replace(tzinfo=None) == expected


@settings(max_examples=150, deadline=None)
@given(STARTS, SPANS, DIFFERING, PAUSES, st.lists(st.integers(1, 300), min_size=2, max_size=6))
def test_a_larger_share_is_never_due_earlier(
    start: datetime, wanted: Span, days: dict[date, bool], pause: set[str], shares: list[int]
) -> None:
    calendar, here = WorkingCalendar(days, CALENDAR.terms), start.replace(tzinfo=LOCAL)
    due = [moment_after(here, wanted, calendar, pause, share) for share in sorted(shares)]
    assert due == sorted(due)
    assert due[0] >= here


@settings(max_examples=100, deadline=None)
@given(STARTS, SPANS, DIFFERING, PAUSES, st.integers(1, 5000))
def test_what_starts_later_is_never_due_earlier(
    start: datetime, wanted: Span, days: dict[date, bool], pause: set[str], minutes: int
) -> None:
    calendar = WorkingCalendar(days, CALENDAR.terms)
    first, then = (at.replace(tzinfo=LOCAL) for at in (start, start + minutes * MINUTE))
    assert moment_after(first, wanted, calendar, pause) <= moment_after(then, wanted, calendar, pause)


@settings(max_examples=100, deadline=None)
@given(STARTS, SPANS, DIFFERING, st.dates(date(2026, 9, 1), date(2027, 3, 31)))
def test_one_day_off_more_is_never_due_earlier(
    start: datetime, wanted: Span, days: dict[date, bool], off: date
) -> None:
    here, pause = start.replace(tzinfo=LOCAL), ("holidays",)
    before, then = WorkingCalendar(days, CALENDAR.terms), WorkingCalendar({**days, off: False}, CALENDAR.terms)
    assert moment_after(here, wanted, before, pause) <= moment_after(here, wanted, then, pause)
