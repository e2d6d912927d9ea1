"""Counts spans of time as schools and offices do: in hours, school hours, working days, school days, weeks, months.

Days are counted by articles 201 to 203 of the Civil Code: the day something begins is not counted, and the last day
runs to its end; a month ends on the corresponding day, or on the last day of a shorter month. Minutes and hours count
from the moment itself. Nothing here looks at a database or a clock.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import count

from workflows.clock import LOCAL
from workflows.engine.vocabulary import Span, Unit

FAR = datetime(9000, 1, 1, tzinfo=UTC)  # nothing is counted further than that
SATURDAY = 5
DAY = timedelta(days=1)
LAST_MINUTE = timedelta(minutes=1)
SCHOOL_HOURS = ((time(8, 0), time(12, 0)), (time(14, 0), time(17, 0)))
# Where no term was entered, the usual holidays of schools, first and last day by month and day.
USUAL_HOLIDAYS = (((1, 16), (2, 20)), ((7, 1), (8, 31)))
LENGTHS = {Unit.MINUTES: timedelta(minutes=1), Unit.HOURS: timedelta(hours=1), Unit.SCHOOL_HOURS: timedelta(hours=1)}
IsCounted = Callable[[date], bool]


@dataclass(frozen=True)
class WorkingCalendar:
    """The days an office entered: those that differ from their weekday, its terms, and the hours of school.

    A year counts as entered once it has a day off; of another year only the weekends are known.
    """

    days: Mapping[date, bool] = field(default_factory=dict)  # whether a day that differs is worked
    terms: tuple[tuple[date, date], ...] = ()
    school_hours: tuple[tuple[time, time], ...] = SCHOOL_HOURS

    def knows(self, year: int) -> bool:
        """Tell whether the holidays of a year were entered."""
        return any(day.year == year and not worked for day, worked in self.days.items())

    def knows_term(self, day: date) -> bool:
        """Tell whether the terms that were entered say if a day lies in one."""
        return bool(self.terms) and self.terms[0][0] <= day <= self.terms[-1][1]

    def is_working(self, day: date) -> bool:
        """Tell whether a day is worked."""
        return self.days.get(day, day.weekday() < SATURDAY)

    def is_weekend(self, day: date) -> bool:
        """Tell whether a day is a Saturday or Sunday that is not worked."""
        return day.weekday() >= SATURDAY and not self.days.get(day, False)

    def is_holiday(self, day: date) -> bool:
        """Tell whether a day was entered as one off."""
        return not self.days.get(day, True)

    def is_school_day(self, day: date) -> bool:
        """Tell whether a day is worked and lies in a term."""
        if not self.is_working(day):
            return False
        if self.knows_term(day):
            return any(first <= day <= last for first, last in self.terms)
        return not any(first <= (day.month, day.day) <= last for first, last in USUAL_HOLIDAYS)


def moment_after(
    start: datetime, span: Span, calendar: WorkingCalendar, pause: Collection[str] = (), percent: int = 100
) -> datetime:
    """Return the moment at which so many per cent of a span are over, counted in the span's own unit.

    `start` is aware; `pause` names the days (`holidays`, `weekends`) on which the count stands still. What lies beyond
    the year 9000 is cut off there.
    """
    here = start.astimezone(LOCAL).replace(tzinfo=None)
    try:
        found = _after(here, span, calendar, pause, percent)
    except OverflowError:
        return FAR
    return min(found.replace(tzinfo=LOCAL).astimezone(UTC), FAR)


def _after(here: datetime, span: Span, calendar: WorkingCalendar, pause: Collection[str], percent: int) -> datetime:
    def runs(day: date) -> bool:
        return not (
            ("holidays" in pause and calendar.is_holiday(day)) or ("weekends" in pause and calendar.is_weekend(day))
        )

    share = Fraction(percent, 100)
    if span.unit is Unit.SCHOOL_HOURS:
        hours = calendar.school_hours
        return _through_periods(here, _part(span, share), lambda day: hours if calendar.is_school_day(day) else ())
    if span.unit in LENGTHS:
        if not pause:
            return here + _part(span, share)
        return _through_periods(here, _part(span, share), lambda day: ((time.min, None),) if runs(day) else ())
    if not span.amount:
        return _through_this_day(here, share, calendar)
    counted = {Unit.WORKDAYS: calendar.is_working, Unit.SCHOOL_DAYS: calendar.is_school_day}.get(span.unit, runs)
    return _through_days(here.date(), share * _days(span, here.date()), counted)


def _through_this_day(here: datetime, share: Fraction, calendar: WorkingCalendar) -> datetime:
    """Return when a share of what is left of the school day has passed: of the next one, once school is out."""
    for day in _days_from(here.date()):
        if calendar.is_school_day(day):
            begin = max(datetime.combine(day, calendar.school_hours[0][0]), here)
            end = datetime.combine(day, calendar.school_hours[-1][1])
            if begin < end:
                return begin + (end - begin) * share.numerator / share.denominator
    raise OverflowError


def _part(span: Span, share: Fraction) -> timedelta:
    length = span.amount * LENGTHS[span.unit]
    return length * share.numerator / share.denominator


def _days(span: Span, first: date) -> int:
    if span.unit is Unit.MONTHS:
        return (_months_later(first, span.amount) - first).days
    return span.amount * (7 if span.unit is Unit.WEEKS else 1)


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if year >= FAR.year:
        raise OverflowError
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _through_days(first: date, days: Fraction, is_counted: IsCounted) -> datetime:
    """Return the last minute of the day that completes a count, or the moment of a day that completes a part of one."""
    number, part = -(-days.numerator // days.denominator), days % 1
    day = first
    while number:
        day += DAY
        number -= is_counted(day)
    of_day = DAY * part.numerator / part.denominator if part else DAY
    return datetime.combine(day, time.min) + min(of_day, DAY - LAST_MINUTE)


Periods = tuple[tuple[time, time | None], ...]


def _through_periods(here: datetime, length: timedelta, periods_of: Callable[[date], Periods]) -> datetime:
    """Return when a length of time is over that passes only within the periods of each day."""
    left = length
    for day in _days_from(here.date()):
        for first, last in periods_of(day):
            begin = max(datetime.combine(day, first), here)
            end = datetime.combine(day, last) if last is not None else datetime.combine(day, time.min) + DAY
            if end - begin >= left:
                return begin + left
            left -= max(end - begin, timedelta())
    raise OverflowError


def _days_from(first: date) -> Iterator[date]:
    return (first + number * DAY for number in count())
