"""Lays two school years around a day, so that this day lies in a running term with some weeks behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from admin_app.demo.holidays import SATURDAY, days_off
from models.school_calendar import first_year_by_month
from workflows.clock import LOCAL

WEEKS_BEHIND = timedelta(days=28)
HOLIDAY = timedelta(days=10)


@dataclass(frozen=True)
class TermDates:
    """One term: the first calendar year of its school year, its number, first and last day."""

    first_year: int
    number: int
    first_on: date
    last_on: date


def terms_around(day: date) -> tuple[TermDates, ...]:
    """Return the four terms of the school year of a day and of the one before; the day lies in one of the last two.

    Terms begin on 1 September and 20 February and end on 20 January and 8 July; the running one is stretched where
    the day falls into a holiday, or so early that nothing could have happened yet.
    """
    year = first_year_by_month(day)
    if day.month == 8:  # the day belongs to the spring that is ending, or to an autumn that began early
        year = day.year - 1 if day.day < 15 else day.year
    autumn, spring = (date(year, 9, 1), date(year + 1, 1, 20)), (date(year + 1, 2, 20), date(year + 1, 7, 8))
    last_autumn, last_spring = (date(year - 1, 9, 1), date(year, 1, 20)), (date(year, 2, 20), date(year, 7, 8))
    if day < spring[0] - HOLIDAY:
        autumn = (min(autumn[0], day - WEEKS_BEHIND), max(autumn[1], day + timedelta(days=3)))
        last_spring = (last_spring[0], min(last_spring[1], autumn[0] - HOLIDAY))
        spring = (max(spring[0], autumn[1] + HOLIDAY), spring[1])
    else:
        spring = (min(spring[0], day - WEEKS_BEHIND), max(spring[1], day + timedelta(days=3)))
        autumn = (autumn[0], min(autumn[1], spring[0] - HOLIDAY))
    return (
        TermDates(year - 1, 1, *last_autumn),
        TermDates(year - 1, 2, *last_spring),
        TermDates(year, 1, *autumn),
        TermDates(year, 2, *spring),
    )


def running(terms: tuple[TermDates, ...], day: date) -> int:
    """Return the place of the term in which a day lies."""
    return next(place for place, term in enumerate(terms) if term.first_on <= day <= term.last_on)


def is_workday(day: date) -> bool:
    """Tell whether anybody works on a day; the weekend days made up for holidays are left out of the story."""
    return day.weekday() < SATURDAY and day not in days_off(day.year)


def workday(day: date) -> date:
    """Return a day, or the next one on which people work."""
    while not is_workday(day):
        day += timedelta(days=1)
    return day


def moment(day: date, rng: Random, first_hour: int = 8, last_hour: int = 17) -> datetime:
    """Return a moment of a day's office hours where the schools are, in UTC."""
    seconds = int(rng.random() * (last_hour - first_hour) * 3600)
    return datetime.combine(day, time(first_hour), LOCAL).astimezone(UTC) + timedelta(seconds=seconds)


def soon_after(before: datetime, rng: Random, latest: datetime) -> datetime:
    """Return a moment some hours or days after another one, in office hours, but not after `latest`."""
    at = before + timedelta(minutes=45 + int(rng.random() * 300))
    local = at.astimezone(LOCAL)
    if local.hour >= 17 or not is_workday(local.date()):
        at = moment(workday(local.date() + timedelta(days=1)), rng, 8, 11)
    return at if at < latest else before + (latest - before) / 2


def start_of(day: date) -> datetime:
    """Return the moment at which a day begins where the schools are."""
    return datetime.combine(day, time(), LOCAL).astimezone(UTC)


def workdays(first: date, last: date) -> Iterator[date]:
    """Yield the days of a period on which people work, both ends included."""
    day = first
    while day <= last:
        if is_workday(day):
            yield day
        day += timedelta(days=1)
